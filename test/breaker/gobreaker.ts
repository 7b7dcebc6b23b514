/** The settings and helpers of gobreaker's own tests. */
import { expect } from "vitest"
import { CircuitBreaker, type Counts, type Settings } from "../../src/index.ts"
import { counts } from "./calls.ts"
import { clock } from "./manual-breaker.ts"

export const SECOND = 1_000

/** Sleeps a nanosecond longer, as gobreaker's own tests do, to be past the end of a period. */
export const sleep = (seconds: number): void => {
  clock.time += seconds * SECOND + 1e-6
}

/** The changes of state that all breakers of the test have announced. */
export const changes: string[] = []

/** Before each test. */
export const restart = (): void => {
  clock.time = 0
  changes.length = 0
}

export const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({
    clock,
    onStateChange: (name, from, to) => changes.push(`${name} ${from} ${to}`),
    ...settings,
  })

const excluded = Symbol("excluded")
export const exclude = async (breaker: CircuitBreaker): Promise<void> => {
  await breaker.execute(() => excluded)
}

export const custom: Settings = {
  name: "cb",
  maxRequests: 3,
  interval: 30 * SECOND,
  timeout: 90 * SECOND,
  isExcluded: (_, result) => result === excluded,
  readyToTrip: (seen) => {
    const valid = seen.requests - seen.totalExclusions
    const trips = valid >= 3 && seen.totalFailures / valid >= 0.6
    // The counts are a copy: clearing them must not affect the breaker.
    for (const key of Object.keys(seen) as (keyof Counts)[]) seen[key] = 0
    return trips
  },
}
export const rolling: Settings = { ...custom, name: "rw", bucketPeriod: 3 * SECOND }

/** gobreaker's order: requests, successes, failures, streak of successes, streak of failures. */
export function expectCounts(
  breaker: CircuitBreaker,
  five: readonly number[],
  totalExclusions = 0,
): void {
  const [requests, totalSuccesses, totalFailures, consecutiveSuccesses, consecutiveFailures] = five
  expect({ ...breaker.counts }).toEqual(
    counts({
      requests,
      totalSuccesses,
      totalFailures,
      consecutiveSuccesses,
      consecutiveFailures,
      totalExclusions,
    } as Counts),
  )
}

export const succeed2Step = async (breaker: CircuitBreaker): Promise<void> =>
  breaker.allow()("success")
export const fail2Step = async (breaker: CircuitBreaker): Promise<void> =>
  breaker.allow()("failure")
