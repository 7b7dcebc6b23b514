import type { DemoConfig, DemoStatus, Mode, TabReport } from "./demo-status.ts"

/** The server behind the page: reports the status, and changes the mode of the origin. */
export class DemoServer {
  /** Called with each status, but not with one from before the latest change that this page made. */
  onStatus: (status: DemoStatus) => void = () => {}
  /** Called when the server no longer answers. */
  onLost: () => void = () => {}
  #changes = 0

  /** Never settles when there is no server: the page cannot work without one. */
  async config(): Promise<DemoConfig> {
    return JSON.parse(await this.#get("/config"))
  }

  /** The source of `client.ts`, which the page shows. */
  source(): Promise<string> {
    return this.#get("/client.ts")
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

  async #get(path: string): Promise<string> {
    try {
      return await (await fetch(path)).text()
    } catch {
      this.onLost()
      return new Promise(() => {})
    }
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
