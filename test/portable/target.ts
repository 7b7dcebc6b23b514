import type { Context } from "../runtimes/suite.ts"
import { pause } from "./pause.ts"

/** A URL of a fault server that counts the requests to it. */
export interface Target {
  readonly url: string
  /** Requests so far. Clients may repeat one on their own when a connection breaks. */
  hits(): Promise<number>
  /** Waits for the first request, so that it is under way when the case goes on. */
  arrival(): Promise<void>
}

// Kept, since some cases replace the global fetch.
const ask = globalThis.fetch.bind(globalThis)

/** Makes a URL that no other case uses, by default on `t.origin`. */
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
