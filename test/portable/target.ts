import type { Context } from "../runtimes/suite.ts"
import { pause } from "./pause.ts"

/** An address of a fault server, which counts the requests that reach it. */
export interface Target {
  readonly url: string
  /** Requests so far. Clients may send one again on their own where a connection breaks. */
  hits(): Promise<number>
  /** Waits for the first request, so that what comes next finds it under way. */
  arrival(): Promise<void>
}

// Some cases replace the global one.
const ask = globalThis.fetch.bind(globalThis)

/** Makes an address that no other case uses, of `t.origin` unless told otherwise. */
export function target(t: Context, path: string, origin: string = t.origin): Target {
  const id = t.id()
  const hits = async (): Promise<number> => {
    const response = await ask(`${origin}/hits?id=${id}`)
    return ((await response.json()) as { hits: number }).hits
  }
  return {
    url: `${origin}${path}${path.includes("?") ? "&" : "?"}id=${id}`,
    hits,
    arrival: async () => {
      while ((await hits()) === 0) await pause(5)
    },
  }
}
