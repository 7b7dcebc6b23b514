/** The compared ways to protect an origin. */
import { anyOf, consecutiveFailures, exponentialBackoff, failureRate, slowCallRate } from "../../src/index.ts"
import type { Variant } from "./variant.ts"

const backoff = exponentialBackoff({ initial: 1_000, max: 60_000 })
const rate = failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 })
const recent = failureRate({ threshold: 0.5, minimumRequests: 10, last: 20 })
const slow = slowCallRate({ threshold: 0.5, slowerThan: 1_000, minimumRequests: 20, within: 10_000 })

/** Clients without a breaker. */
export const unprotected: Variant = { name: "no breaker" }

/** Each client has a breaker of its own. */
export const local: readonly Variant[] = [
  { name: "defaults: 6 in a row, 60 s", breaker: () => ({}) },
  { name: "5 in a row, 30 s", breaker: () => ({ ...consecutiveFailures(5), timeout: 30_000 }) },
  { name: "half of 20 in 10 s, 30 s", breaker: () => ({ ...rate, timeout: 30_000 }) },
  { name: "half of the last 20, 30 s", breaker: () => ({ ...recent, timeout: 30_000 }) },
  { name: "half of 20 in 10 s failed or slow, 30 s", breaker: () => ({ ...anyOf(rate, slow), timeout: 30_000 }) },
  { name: "6 in a row, backoff 1 to 60 s", breaker: () => ({ timeout: backoff }) },
]

const streak = consecutiveFailures(8)
const breaker = (): object => ({ timeout: 10_000 })

/** The clients share one object. */
export const shared: readonly Variant[] = [
  // A deadline below the round trip to the object means that no lease comes in time.
  { name: "shared, 8 in a row, no lease", breaker, object: () => ({ ...streak, timeout: 10_000 }), deadline: 12 },
  { name: "shared, 8 in a row", breaker, object: () => ({ ...streak, timeout: 10_000 }) },
  { name: "the same, slow start 120 s", breaker, object: () => ({ ...streak, timeout: 10_000, slowStart: 120_000 }) },
  { name: "the same, slow start, quorum 3", breaker, object: () => ({ ...streak, timeout: 10_000, slowStart: 120_000, quorum: 3 }) },
  { name: "shared, half of 20 in 10 s, slow start", breaker, object: () => ({ ...rate, timeout: 10_000, slowStart: 120_000 }) },
  { name: "shared in memory, 8 in a row", breaker: () => ({ ...streak, timeout: 10_000 }), inMemory: true },
]

/** The same with one rate for the object and for each client by itself. */
export const sharedRate: Variant = {
  name: "shared, half of 20 in 10 s in each and in all, slow start",
  breaker: () => ({ ...rate, timeout: 10_000 }),
  object: () => ({ ...rate, timeout: 10_000, slowStart: 120_000, quorum: 2 }),
}
