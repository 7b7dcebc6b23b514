import { beforeEach, describe, expect, test } from "vitest"
import {
  CircuitBreaker,
  consecutiveFailures,
  exponentialBackoff,
  type Settings,
} from "../../src/index.ts"
import { fail, rejection, succeed } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 5_000
})

const base: Settings = { timeout: 1_000, ...consecutiveFailures(1) }
const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, ...base, ...settings })

/** Restores the breaker from its snapshot as JSON, on a clock with another origin. */
function resume(breaker: CircuitBreaker, settings?: Settings, origin = -4_321.5): CircuitBreaker {
  const snapshot: unknown = JSON.parse(JSON.stringify(breaker.snapshot()))
  return new CircuitBreaker({ clock: { now: () => now + origin }, ...base, ...settings, snapshot })
}

describe("snapshot()", () => {
  test.each([{ windowSize: 10 }, { interval: 1_000, bucketPeriod: 100 }])("is plain JSON and does not change with the breaker: %j", async (window) => {
    const breaker = make({ ...window, readyToTrip: () => false })
    await fail(breaker, 2)
    const snapshot = breaker.snapshot()
    const text = JSON.stringify(snapshot)
    expect(JSON.parse(text)).toEqual(snapshot)
    await fail(breaker, 2)
    breaker.trip()
    expect(JSON.stringify(snapshot)).toBe(text)
  })

  test.each([0, -4_321.5, 1.7e12])(
    "keeps the remaining open time on a clock that is %d ms off #61",
    async (origin) => {
      const breaker = make()
      await fail(breaker)
      now += 400
      const other = resume(breaker, {}, origin)
      expect(other.state).toBe("open")
      expect(other.retryAfter).toBeCloseTo(600, 3)
      now += 599
      await rejection(other)
      now += 2
      await succeed(other)
      expect(other.state).toBe("closed")
    },
  )

  test("keeps counts and streak of the closed state #61", async () => {
    const breaker = make({ readyToTrip: ({ consecutiveFailures: n }) => n >= 3 })
    await succeed(breaker)
    await fail(breaker, 2)
    const other = resume(breaker, { readyToTrip: ({ consecutiveFailures: n }) => n >= 3 })
    expect(other.counts).toEqual(breaker.counts)
    await fail(other)
    expect(other.state).toBe("open")
  })

  test("keeps the remaining time of a fixed window #61", async () => {
    const settings: Settings = { interval: 1_000, readyToTrip: () => false }
    const breaker = make(settings)
    now += 600
    await fail(breaker)
    const other = resume(breaker, settings)
    now += 400
    expect(other.state).toBe("closed")
    expect(other.counts.totalFailures).toBe(1)
    now += 1
    expect(other.state).toBe("closed")
    expect(other.counts.totalFailures).toBe(0)
  })

  test.each<[string, Settings]>([
    ["a rolling window", { interval: 1_000, bucketPeriod: 100, readyToTrip: () => false }],
    ["a window over calls", { windowSize: 4, readyToTrip: () => false }],
  ])("keeps %s, so that the original and the restored breaker go on alike #61", async (_, settings) => {
    const breaker = make(settings)
    for (let i = 0; i < 6; i++, now += 130) await (i % 3 ? succeed(breaker) : fail(breaker))
    const other = resume(breaker, settings)
    for (let i = 0; i < 12; i++, now += 130) {
      await (i % 3 ? succeed(breaker) : fail(breaker))
      await (i % 3 ? succeed(other) : fail(other))
      expect(other.counts).toEqual(breaker.counts)
    }
  })

  test("keeps the number of openings, for a backoff #61", async () => {
    const timeout = exponentialBackoff({ initial: 1_000, max: 60_000, jitter: 0 })
    const breaker = make({ timeout })
    await fail(breaker)
    now += 1_001
    await fail(breaker)
    const other = resume(breaker, { timeout })
    now += 2_001
    await fail(other)
    expect(other.retryAfter).toBe(4_000)
  })

  test("does not pass on calls under way: their results do not affect the restored breaker", () => {
    const breaker = make()
    const late = breaker.allow()
    const other = resume(breaker)
    late("failure")
    expect(breaker.state).toBe("open")
    expect(other.state).toBe("closed")
  })
})
