import { beforeEach, describe, expect, test } from "vitest"
import { exponentialBackoff, type Settings } from "../../src/index.ts"
import { fail, rejection, succeed } from "./calls.ts"
import { clock, make, restart, resume } from "./manual-breaker.ts"

beforeEach(restart)

beforeEach(() => {
  clock.time = 5_000
})

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
      clock.time += 400
      const other = resume(breaker, {}, origin)
      expect(other.state).toBe("open")
      expect(other.retryAfter).toBeCloseTo(600, 3)
      clock.time += 599
      await rejection(other)
      clock.time += 2
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
    clock.time += 600
    await fail(breaker)
    const other = resume(breaker, settings)
    clock.time += 400
    expect(other.state).toBe("closed")
    expect(other.counts.totalFailures).toBe(1)
    clock.time += 1
    expect(other.state).toBe("closed")
    expect(other.counts.totalFailures).toBe(0)
  })

  test.each<[string, Settings]>([
    ["a rolling window", { interval: 1_000, bucketPeriod: 100, readyToTrip: () => false }],
    ["a window over calls", { windowSize: 4, readyToTrip: () => false }],
  ])("keeps %s, so that the original and the restored breaker go on alike #61", async (_, settings) => {
    const breaker = make(settings)
    for (let i = 0; i < 6; i++, clock.time += 130) await (i % 3 ? succeed(breaker) : fail(breaker))
    const other = resume(breaker, settings)
    for (let i = 0; i < 12; i++, clock.time += 130) {
      await (i % 3 ? succeed(breaker) : fail(breaker))
      await (i % 3 ? succeed(other) : fail(other))
      expect(other.counts).toEqual(breaker.counts)
    }
  })

  test("keeps the number of openings, for a backoff #61", async () => {
    const timeout = exponentialBackoff({ initial: 1_000, max: 60_000, jitter: 0 })
    const breaker = make({ timeout })
    await fail(breaker)
    clock.time += 1_001
    await fail(breaker)
    const other = resume(breaker, { timeout })
    clock.time += 2_001
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
