import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { CircuitBreaker, type Settings } from "../../src/index.ts"
import { counts, fail, succeed } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})

const make = (settings: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, readyToTrip: () => false, ...settings })

describe("bucketPeriod", () => {
  test("lets failures expire bucket by bucket #10", async () => {
    const breaker = make({ interval: 1_000, bucketPeriod: 100 })
    for (now = 0; now < 1_000; now += 100) await fail(breaker)
    now = 999
    expect(breaker.counts.totalFailures).toBe(10)
    for (let left = 9; left >= 0; left--) {
      now += now === 999 ? 1 : 100
      expect(breaker.state).toBe("closed")
      expect(breaker.counts).toMatchObject({ requests: left, totalFailures: left })
    }
  })

  test("clears all buckets in one step after a long idle gap #11", async () => {
    const breaker = make({ interval: 1_000, bucketPeriod: 100 })
    await fail(breaker, 4)
    now = 3_600_000
    await succeed(breaker)
    expect(breaker.counts).toMatchObject({ requests: 1, totalSuccesses: 1, totalFailures: 0 })
  })

  test("skips a gap of a million buckets without visiting each #11", async () => {
    const breaker = make({ interval: 1_000_000, bucketPeriod: 1 })
    await fail(breaker)
    // Bucket by bucket this would be 10^11 steps.
    for (let i = 0; i < 1_000; i++) {
      now += 999_999
      await fail(breaker)
      expect(breaker.counts.totalFailures).toBe(2)
    }
  })

  test("counts a result in the bucket in which its call began", () => {
    const breaker = make({ interval: 1_000, bucketPeriod: 100 })
    const done = breaker.allow()
    now = 950
    done("failure")
    expect(breaker.counts.totalFailures).toBe(1)
    now = 1_000
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toMatchObject({ requests: 0, totalFailures: 0 })
  })

  test("does not end a streak by its age, only by a call", async () => {
    const breaker = make({ interval: 1_000, bucketPeriod: 100 })
    for (let i = 0; i < 5; i++, now += 700) await fail(breaker)
    expect(breaker.counts.totalFailures).toBe(2)
    expect(breaker.counts.consecutiveFailures).toBe(5)
  })

  test("rounds the interval up to whole buckets", async () => {
    const breaker = make({ interval: 1_000, bucketPeriod: 300 })
    await fail(breaker)
    now = 1_199
    expect(breaker.state).toBe("closed")
    expect(breaker.counts.totalFailures).toBe(1)
    now = 1_200
    expect(breaker.state).toBe("closed")
    expect(breaker.counts.totalFailures).toBe(0)
  })
})

describe('countAt: "end"', () => {
  const rolling = { interval: 1_000, bucketPeriod: 100, countAt: "end" } as const

  test("counts a result in the bucket in which its call ended", () => {
    const breaker = make(rolling)
    const done = breaker.allow()
    now = 2_500
    done("failure")
    expect(breaker.counts).toEqual(counts({ requests: 1, totalFailures: 1, consecutiveFailures: 1 }))
    now = 3_499
    expect(breaker.state).toBe("closed")
    expect(breaker.counts.totalFailures).toBe(1)
    now = 3_500
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts({ consecutiveFailures: 1 }))
  })

  test("counts a call under way as a request in the bucket in which it began, and moves it when it ends", () => {
    const breaker = make(rolling)
    const [one, other] = [breaker.allow(), breaker.allow()]
    now = 500
    one("failure")
    expect(breaker.counts.requests).toBe(2)
    now = 1_000
    expect(breaker.state).toBe("closed")
    expect(breaker.counts.requests).toBe(1)
    other("excluded")
    expect(breaker.counts).toMatchObject({ requests: 2, totalFailures: 1, totalExclusions: 1 })
    now = 1_500
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toMatchObject({ requests: 1, totalFailures: 0, totalExclusions: 1 })
  })

  test.each([true, false])("counts successes in the latest period that is known, though it reads no clock for them: listeners %j", async (listened) => {
    vi.useFakeTimers({ toFake: ["performance"] })
    onTestFinished(() => void vi.useRealTimers())
    const breaker = new CircuitBreaker({ ...rolling, readyToTrip: () => false })
    if (listened) breaker.addEventListener("success", () => {})
    const ends: (() => void)[] = []
    const calls = [1, 2].map(() => breaker.execute(() => new Promise<void>((end) => ends.push(end))))
    vi.advanceTimersByTime(2_500)
    await breaker.execute(async () => {})
    vi.advanceTimersByTime(300)
    for (const end of ends) end()
    await Promise.all(calls)
    vi.advanceTimersByTime(699)
    expect([breaker.state, breaker.counts.totalSuccesses]).toEqual(["closed", 3])
    vi.advanceTimersByTime(1)
    expect([breaker.state, breaker.counts.totalSuccesses]).toEqual(["closed", 0])
  })

  test("has no effect on a fixed window", () => {
    const breaker = make({ interval: 1_000, countAt: "end" })
    const done = breaker.allow()
    now = 1_001
    breaker.allow()
    done("failure")
    expect(breaker.counts).toEqual(counts({ requests: 1 }))
  })
})
