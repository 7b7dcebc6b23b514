/**
 * Clients wait before they retry, some of them for a minute. This skips the waits, and adds up their
 * time for the test.
 *
 * @module
 */
import { vi } from "vitest"

export interface Skipped<T> {
  readonly result: T
  /** Milliseconds that the call would have waited before it settled or sent a request. */
  readonly waited: number
}

// A limit for calls that wait for something other than a timer: they would never end.
const MOST_STEPS = 1_000

let start: number | undefined
let waited = 0

/** Runs a call on fake timers, until it settles or {@link endSkipping} is called. */
export async function skipWaits<T>(call: () => Promise<T>): Promise<Skipped<T>> {
  // Starts one millisecond later, since the last millisecond still belongs to an open period. A client
  // that waits for its length from the millisecond in which it began would come back in the last one.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.now() + 1 })
  start = Date.now()
  const running = call().finally(endSkipping)
  // Each step also runs a turn of the real event loop.
  for (let step = 0; vi.isFakeTimers() && step < MOST_STEPS; step++) {
    await vi.advanceTimersToNextTimerAsync()
  }
  endSkipping()
  return { result: await running, waited }
}

/** Goes back to real timers. Anything that uses a socket needs them, since fake time would run too fast. */
export function endSkipping(): void {
  if (start === undefined) return
  waited = Date.now() - start
  start = undefined
  vi.useRealTimers()
}
