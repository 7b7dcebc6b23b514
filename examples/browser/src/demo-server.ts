import type { DemoConfig, DemoStatus, Mode, TabReport } from "./demo-status.ts"

/** The server behind the page: says how things are, and changes the origin. */
export class DemoServer {
  /** Called with each status, never with one that is older than a change of this page's. */
  onStatus: (status: DemoStatus) => void = () => {}
  /** Called when it does not answer any more. */
  onLost: () => void = () => {}
  #changes = 0

  async config(): Promise<DemoConfig> {
    return (await fetch("/config")).json()
  }

  async report(tab: TabReport): Promise<void> {
    const before = this.#changes
    try {
      const status = await put("/status", tab)
      if (before === this.#changes) this.onStatus(status)
    } catch {
      this.onLost()
    }
  }

  setMode(mode: Mode): Promise<void> {
    return this.#change("/mode", mode)
  }

  startTour(): Promise<void> {
    return this.#change("/tour", {})
  }

  async callWorker(count: number): Promise<void> {
    await put("/worker-calls", { count }).catch(() => {})
  }

  leave(id: string): void {
    navigator.sendBeacon(`/bye?id=${encodeURIComponent(id)}`)
  }

  async #change(path: string, value: unknown): Promise<void> {
    const own = ++this.#changes
    try {
      const status = await put(path, value)
      if (own === this.#changes) this.onStatus(status)
    } catch {
      this.onLost()
    }
  }
}

async function put(path: string, value: unknown): Promise<DemoStatus> {
  const headers = { "Content-Type": "application/json" }
  const response = await fetch(path, { method: "PUT", headers, body: JSON.stringify(value) })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return response.json()
}
