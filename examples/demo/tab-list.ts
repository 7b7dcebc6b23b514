import type { TabReport } from "../browser/src/demo-status.ts"

// Milliseconds of silence after which a tab is gone. A hidden tab may run only once a second.
const PATIENCE = 4_000

/** The tabs that have the page open, with the last report of each. */
export class TabList {
  readonly #tabs = new Map<string, { readonly report: TabReport; readonly heardAt: number }>()

  hear(report: TabReport): void {
    this.#tabs.set(report.id, { report, heardAt: performance.now() })
  }

  forget(id: string): void {
    this.#tabs.delete(id)
  }

  list(): TabReport[] {
    for (const [id, { heardAt }] of this.#tabs) {
      if (performance.now() - heardAt > PATIENCE) this.#tabs.delete(id)
    }
    return [...this.#tabs.values()].map(({ report }) => report)
  }
}
