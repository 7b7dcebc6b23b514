/**
 * A client of an origin that fails and recovers, and its counts. The same code runs in every runtime, and on a
 * clock that is moved by hand.
 */
import { findCircuitBreakerError, wrapFetch, type FetchSettings, type State } from "../../src/index.ts"

/** The counts of a client, as JSON. */
export interface Tally {
  readonly calls: number
  /** Calls that the breaker let through to `fetch`. */
  readonly sent: number
  /** Sent calls that were given up before they were answered. */
  readonly givenUp: number
  readonly rejected: number
  /** Counted from the events of the breaker: outcomes, and rejections. */
  readonly settled: number
  readonly refused: number
  readonly opened: number
  readonly closed: number
  readonly state: State
}

export interface Client {
  /** Makes a call, and never rejects. */
  call(): Promise<void>
  tally(): Tally
}

/** @param send - The fetch to wrap. It sends POSTs, since nothing on the way repeats those. */
export function createClient(url: string, settings: FetchSettings, send: typeof fetch): Client {
  const tally = { calls: 0, sent: 0, givenUp: 0, rejected: 0, settled: 0, refused: 0, opened: 0, closed: 0 }
  const safeFetch = wrapFetch(
    (input, init) => {
      tally.sent += 1
      return send(input, init)
    },
    {
      ...settings,
      onStateChange(_, from, to) {
        if (from === "closed" && to === "open") tally.opened += 1
        if (to === "closed") tally.closed += 1
      },
      // The breaker exists when the first call is judged, so no event is missed.
      isExcluded: () => (listen(), false),
    },
  )
  const breaker = () => safeFetch.breakers.get(new URL(url).origin)
  let listening = false
  function listen(): void {
    const subject = breaker()
    if (listening || !subject) return
    listening = true
    for (const type of ["success", "failure", "excluded"] as const) {
      subject.addEventListener(type, () => void (tally.settled += 1))
    }
    subject.addEventListener("rejected", () => void (tally.refused += 1))
  }

  return {
    async call() {
      tally.calls += 1
      try {
        const response = await safeFetch(url, { method: "POST" })
        await response.text()
      } catch (error) {
        if (findCircuitBreakerError(error)) tally.rejected += 1
        else if ((error as Error).name === "TimeoutError") tally.givenUp += 1
      }
    },
    tally: () => ({ ...tally, state: breaker()?.state ?? "closed" }),
  }
}
