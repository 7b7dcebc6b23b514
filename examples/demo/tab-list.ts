import type { TabReport } from "../browser/src/demo-status.ts"

// A hidden tab may be woken once a second only; one that says nothing for so long is gone.
const PATIENCE = 4_000

/** The tabs that have the page open, by what they last said. */
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
