/**
 * Clients wait before they retry, some of them for a minute. Here those waits are over at once, and
 * add up to a number that a test can look at.
 *
 * @module
 */
import { vi } from "vitest"

export interface Skipped<T> {
  readonly result: T
  /** Milliseconds that the call would have waited before it settled or sent a request. */
  readonly waited: number
}

// A call that waits for anything but a timer would go on for ever.
const MOST_STEPS = 1_000

let start: number | undefined
let waited = 0

/** Runs a call on fake timers, until it settles or {@link endSkipping} is called. */
export async function skipWaits<T>(call: () => Promise<T>): Promise<Skipped<T>> {
  // One millisecond on, since an open period is over only after its last one: told to wait for that
  // long within the millisecond in which it began, a client would come back in the last one.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.now() + 1 })
  start = Date.now()
  const running = call().finally(endSkipping)
  // Each step also lets a turn of the real event loop pass.
  for (let step = 0; vi.isFakeTimers() && step < MOST_STEPS; step++) {
    await vi.advanceTimersToNextTimerAsync()
  }
  endSkipping()
  return { result: await running, waited }
}

/** Goes back to real timers. What uses a socket has to: time would run away from it. */
export function endSkipping(): void {
  if (start === undefined) return
  waited = Date.now() - start
  start = undefined
  vi.useRealTimers()
}
