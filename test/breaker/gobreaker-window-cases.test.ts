/** The cases of the rolling window of sony/gobreaker v2. See gobreaker-cases.test.ts. */
import { beforeEach, describe, expect, test } from "vitest"
import type { Outcome, Settings } from "../../src/index.ts"
import { fail, rejection, succeed } from "./calls.ts"
import { changes, exclude, expectCounts, make, restart, rolling, SECOND, sleep } from "./gobreaker.ts"
import { clock } from "./manual-breaker.ts"

beforeEach(restart)

describe("gobreaker v2, rolling window", () => {
  test("TestRollingWindowCircuitBreaker: calls leave the window bucket by bucket", async () => {
    const breaker = make(rolling)
    for (let i = 0; i < 5; i++) {
      await succeed(breaker)
      await fail(breaker)
    }
    expectCounts(breaker, [10, 5, 5, 0, 1])
    sleep(3)
    await succeed(breaker)
    expectCounts(breaker, [11, 6, 5, 1, 0])
    clock.time += 2 * SECOND
    await succeed(breaker)
    expectCounts(breaker, [12, 7, 5, 2, 0])
    clock.time += 2 * SECOND
    await succeed(breaker)
    await exclude(breaker)
    expectCounts(breaker, [14, 8, 5, 3, 0], 1)
    clock.time += 2 * SECOND
    await fail(breaker)
    await exclude(breaker)
    expectCounts(breaker, [16, 8, 6, 0, 1], 2)
    // Fill the six buckets that are left.
    for (let i = 0; i < 6; i++) {
      clock.time += 3 * SECOND
      await succeed(breaker)
      await fail(breaker)
      expectCounts(breaker, [18 + 2 * i, 9 + i, 7 + i, 0, 1], 2)
    }
    clock.time += 3 * SECOND
    await fail(breaker)
    expectCounts(breaker, [19, 9, 8, 0, 2], 2)
    for (let i = 0; i < 5; i++) {
      await fail(breaker)
      expectCounts(breaker, [20 + i, 9, 9 + i, 0, 3 + i], 2)
    }
    expect(breaker.state).toBe("closed")
    await fail(breaker) // 14/23 >= 0.6
    expect(breaker.state).toBe("open")
    sleep(90)
    expect(breaker.state).toBe("half-open")
    await succeed(breaker, 2)
    expectCounts(breaker, [2, 2, 0, 2, 0])
    const third = breaker.allow()
    await rejection(breaker)
    third("success")
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    expect(changes).toEqual(["rw closed open", "rw open half-open", "rw half-open closed"])
  })

  test("TestRollingWindowCircuitBreakerInParallel: counts overlapping calls exactly", async () => {
    const breaker = make({ ...rolling, readyToTrip: () => false })
    const kinds = [succeed, fail, exclude] as const
    const routine = async (_: unknown, index: number): Promise<void> => {
      for (let i = 0; i < 100; i++) await kinds[(index + i) % 3]?.(breaker)
    }
    await Promise.all(Array.from({ length: 12 }, routine))
    expect(breaker.counts).toMatchObject({
      requests: 1_200,
      totalSuccesses: 400,
      totalFailures: 400,
      totalExclusions: 400,
    })
  })

  const two: Settings = { interval: 2 * SECOND, bucketPeriod: SECOND, readyToTrip: () => false }

  test("TestRollingCountsGrow: a result counts in its call's bucket, and not once that has left", () => {
    const breaker = make(two)
    const all: Outcome[] = ["success", "failure", "excluded"]
    const begin = () => all.map(() => breaker.allow())
    const end = (dones: ReturnType<typeof begin>) =>
      dones.forEach((done, i) => done(all[i] as Outcome))
    const late = begin()
    end(begin())
    expectCounts(breaker, [6, 1, 1, 0, 1], 1)
    clock.time = 1 * SECOND
    const previous = begin()
    clock.time = 2 * SECOND
    const present = begin()
    expect(breaker.counts).toMatchObject({
      requests: 6,
      totalSuccesses: 0,
      totalFailures: 0,
      totalExclusions: 0,
    })
    end(late)
    expect(breaker.counts).toMatchObject({
      requests: 6,
      totalSuccesses: 0,
      totalFailures: 0,
      totalExclusions: 0,
    })
    end(previous)
    expect(breaker.counts).toMatchObject({
      requests: 6,
      totalSuccesses: 1,
      totalFailures: 1,
      totalExclusions: 1,
    })
    end(present)
    expect(breaker.counts).toMatchObject({
      requests: 6,
      totalSuccesses: 2,
      totalFailures: 2,
      totalExclusions: 2,
    })
    clock.time = 3 * SECOND
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toMatchObject({
      requests: 3,
      totalSuccesses: 1,
      totalFailures: 1,
      totalExclusions: 1,
    })
    clock.time = 9 * SECOND
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toMatchObject({
      requests: 0,
      totalSuccesses: 0,
      totalFailures: 0,
      totalExclusions: 0,
    })
  })

  test("TestRollingCountsBucketAt: a streak may span buckets", async () => {
    const breaker = make(two)
    await fail(breaker)
    clock.time = SECOND
    await fail(breaker)
    expectCounts(breaker, [2, 0, 2, 0, 2])
    clock.time = 2 * SECOND
    expect(breaker.state).toBe("closed")
    // Upstream the streak falls to 1 with the bucket. Here only a call ends a streak.
    expectCounts(breaker, [1, 0, 1, 0, 2])
  })
})
