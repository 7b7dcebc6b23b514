import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { startOrigin } from "../../examples/origin/origin.ts"
import { launch } from "../browsers/launch.ts"
import { bundle } from "../runtimes/bundle.ts"
import type { Kind, Leak } from "./many-calls.ts"

/** What to call, how often, and what to leak on purpose. */
export interface Load {
  /** `true` means a wrapped `fetch` to a real origin. */
  readonly kind: Kind | true
  readonly settings?: { readonly callTimeout?: number; readonly settleOn?: "headers" | "body" }
  readonly calls: number
  readonly leak?: Leak
}

export interface Remains {
  /** Listeners on the signal after garbage collection. */
  readonly listeners: number
  /** Bytes by which the heap grew in the second half of the calls. */
  readonly growth: number
}

/** A runtime in which the calls are made. */
export interface Host {
  measure(load: Load): Promise<Remains>
  close(): Promise<void>
}

const manyCallsPath = JSON.stringify(new URL("many-calls.ts", import.meta.url).pathname)

/** Garbage collection can only be requested in a Node with `--expose-gc`. Each load gets a process of its own. */
export async function startNode(): Promise<Host> {
  const origin = await startOrigin()
  const program = await bundle(`
    import { getEventListeners, setMaxListeners } from "node:events"
    import { manyCalls } from ${manyCallsPath}
    const { kind, settings = {}, calls, leak } = JSON.parse(process.argv.at(-1))
    const subject = manyCalls(kind === true ? { url: "${origin.url}/ok", settings } : kind, leak)
    setMaxListeners(0, subject.signal)
    const collect = async () => {
      for (let round = 0; round < 5; round++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        gc()
      }
      return process.memoryUsage().heapUsed
    }
    await subject.run(calls / 2)
    const half = await collect()
    await subject.run(calls / 2)
    const growth = (await collect()) - half
    const present = getEventListeners(subject.signal, "abort").length
    console.log(JSON.stringify({ listeners: Math.max(subject.listeners, present), growth }))
  `, { external: ["node:events"] })
  return {
    async measure(load) {
      const args = ["--expose-gc", "--input-type=module", "--eval", program, JSON.stringify(load)]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      return JSON.parse(stdout)
    },
    close: () => origin.close(),
  }
}

/** Each load gets a page of its own. */
export async function startChromium(): Promise<Host> {
  const script = await bundle(`import { manyCalls } from ${manyCallsPath}; window.manyCalls = manyCalls`)
  const body = `<!doctype html><title>calls</title><script type="module">${script.replaceAll("</", "<\\/")}</script>`
  const origin = await startOrigin({ files: { "/calls": { type: "text/html", body } } })
  const browser = await launch("chromium")
  const limit = 600_000
  return {
    async measure({ kind, settings = {}, calls, leak }) {
      const tab = await browser.newTab(`${origin.url}/calls`)
      const run = async (): Promise<number> => {
        await tab.evaluate(`void (done = false, subject.run(${calls / 2}).then(() => (done = true), (error) => (done = error)))`)
        await tab.waitFor("window.done", limit)
        if (!(await tab.evaluate("done === true"))) throw new Error(await tab.evaluate("String(done)"))
        await tab.usedHeap!()
        // Objects that the first collection found unreachable release what they held.
        await tab.evaluate(() => new Promise<void>((resolve) => setTimeout(resolve, 10)))
        return tab.usedHeap!()
      }
      const subject = JSON.stringify(kind === true ? { url: "/ok", settings } : kind)
      await tab.waitFor("window.manyCalls !== undefined")
      await tab.evaluate(`void (window.subject = manyCalls(${subject}, ${JSON.stringify(leak)}))`)
      const half = await run()
      const growth = (await run()) - half
      const listeners = await tab.evaluate<number>("subject.listeners")
      await tab.close()
      return { listeners, growth }
    },
    async close() {
      await browser.close()
      await origin.close()
    },
  }
}
