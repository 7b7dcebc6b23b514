/** What `wrapFetch` adds to a `fetch` on loopback, as ratios to the bare `fetch`. */
import { consecutiveFailures, failureRate, wrapFetch, type FetchSettings } from "../../src/index.ts"
import { catching, loop } from "./loops.ts"
import { pairedRatios, type Effort, type Prepare, type Ratios } from "./paired-ratios.ts"

const settings: Readonly<Record<string, FetchSettings>> = {
  defaults: {},
  "10 s window": failureRate({ threshold: 1, minimumRequests: 1e9, within: 10_000 }),
  "a limit on each call": { callTimeout: 30_000 },
  'settleOn: "body"': { settleOn: "body" },
}

/** @param url - The URL of a server in another process, which answers at once. */
export async function measureFetches(url: string, effort: Effort): Promise<Ratios> {
  const through = (fetch: typeof globalThis.fetch) => async (): Promise<string> => (await fetch(url)).text()
  const subjects: Record<string, Prepare> = Object.fromEntries(
    Object.entries(settings).map(([name, own]) => [
      name,
      () => ({ run: loop(through(wrapFetch((input, init) => fetch(input, init), own))) }),
    ]),
  )
  subjects["rejected while open"] = async () => {
    const failing = wrapFetch(() => Promise.reject(new Error("down")), consecutiveFailures(1))
    await failing(url).catch(() => {})
    return { run: catching(through(failing)) }
  }
  return pairedRatios(() => ({ run: loop(through((input, init) => fetch(input, init))) }), subjects, {
    ...effort,
    calls: effort.calls / 400,
  })
}
