/** What a breaker restores from a snapshot, and what it does not. */
import { expect, test } from "vitest"
import { CircuitBreaker, TooManyRequestsError, type BreakerSnapshot, type Settings } from "../../src/index.ts"

const clock = { now: () => 0 }
const make = (settings?: Settings): CircuitBreaker => new CircuitBreaker({ clock, readyToTrip: () => false, ...settings })

function used(settings?: Settings): BreakerSnapshot {
  const breaker = make(settings)
  for (let i = 0; i < 5; i++) breaker.allow()("failure")
  return breaker.snapshot()
}

test("an open period is restored from its remaining time, not from its beginning", () => {
  const open = make({ timeout: 1_000 })
  open.trip()
  expect(make({ snapshot: { ...open.snapshot(), remaining: 10 } }).retryAfter).toBe(10)
})

test("an excluded half-open call does not occupy a slot after a restore", () => {
  let now = 0
  const settings = { maxRequests: 2, timeout: 1_000, clock: { now: () => now } }
  const halfOpen = make(settings)
  halfOpen.trip()
  now = 1_001
  halfOpen.allow()("excluded")
  const restored = make({ ...settings, snapshot: halfOpen.snapshot() })
  expect(restored.counts).toMatchObject({ requests: 1, totalExclusions: 1 })
  for (let i = 0; i < 2; i++) restored.allow()
  expect(() => restored.allow()).toThrow(TooManyRequestsError)
})

test.each([
  ["of another length", { windowSize: 10 }, { windowSize: 20 }],
  ["of another kind", { windowSize: 10 }, { interval: 1_000, bucketPeriod: 100 }],
  ["of other buckets", { interval: 1_000, bucketPeriod: 100 }, { interval: 2_000, bucketPeriod: 200 }],
])("counts of a window %s are dropped", (_, before, after) => {
  const snapshot = used(before)
  expect(make({ ...before, snapshot }).counts.totalFailures).toBe(5)
  expect(make({ ...after, snapshot }).counts.totalFailures).toBe(0)
})

test.each([
  ["more calls than it holds", { windowSize: 10 }, { calls: Array(11).fill(1) }],
  ["calls that are not numbers", { windowSize: 10 }, { calls: ["failed"] }],
  ["invalid buckets", { interval: 1_000, bucketPeriod: 100 }, { buckets: [{ age: 0 }] }],
])("a window with %s makes the snapshot invalid", (_, settings, broken) => {
  const snapshot = used(settings)
  const changed = { ...snapshot, window: { ...snapshot.window, ...broken } }
  expect(make({ ...settings, snapshot: changed }).counts.totalFailures).toBe(0)
})

test("a rolling window is restored at the same position", () => {
  let now = 0
  const settings = { interval: 1_000, bucketPeriod: 100, clock: { now: () => now } }
  const breaker = make(settings)
  now = 250
  breaker.allow()("failure")
  const snapshot = breaker.snapshot()
  expect(snapshot.window).toMatchObject({ age: 2, buckets: [{ age: 2, totalFailures: 1 }] })
  // A bucket of a future period is dropped, since it would never leave the window.
  const [bucket] = snapshot.window.buckets
  const changed = { ...snapshot, window: { ...snapshot.window, buckets: [bucket, { ...bucket, age: 3 }] } }
  expect(make({ ...settings, snapshot: changed }).counts.totalFailures).toBe(1)
})

// A snapshot may also count calls that were under way.
test.each([0, 9])("requests are the calls that have ended, even if a snapshot says %i", (requests) => {
  const settings = { windowSize: 10 }
  const breaker = make(settings)
  for (const outcome of ["success", "failure", "excluded"] as const) breaker.allow()(outcome)
  const snapshot = breaker.snapshot()
  const restored = make({ ...settings, snapshot: { ...snapshot, counts: { ...snapshot.counts, requests } } })
  expect(restored.counts).toMatchObject({ requests: 2, totalSuccesses: 1, totalFailures: 1, totalExclusions: 0 })
})
