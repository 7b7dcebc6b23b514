/**
 * The test cases of sony/gobreaker's own suite that make sense in a single thread and without access to
 * private fields, under their upstream names. Comments mark the intended differences.
 */
import { beforeEach, describe, expect, test } from "vitest"
import { fail, pending, rejection, succeed } from "./calls.ts"
import { changes, custom, exclude, expectCounts, fail2Step, make, restart, SECOND, sleep, succeed2Step } from "./gobreaker.ts"
import { clock } from "./manual-breaker.ts"

beforeEach(restart)

describe("gobreaker v1 and v2", () => {
  test("TestStateConstants: the words for the states are gobreaker's", async () => {
    const breaker = make()
    const states = [breaker.state]
    breaker.trip()
    states.push(breaker.state)
    sleep(60)
    states.push(breaker.state)
    expect(states).toEqual(["closed", "open", "half-open"])
  })

  test("TestNewCircuitBreaker: starts closed and empty, with the defaults", async () => {
    const breaker = make()
    expect(breaker.name).toBe("")
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    clock.time = 1e9
    await fail(breaker, 5)
    clock.time = 2e9
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [5, 0, 5, 0, 5])
    breaker.trip()
    expect(breaker.retryAfter).toBe(60 * SECOND)
    sleep(60)
    breaker.allow()
    expect(() => breaker.allow()).toThrow()
    // gobreaker treats a negative duration as the default. Here it is an error.
    expect(() => make({ interval: -30 * SECOND })).toThrow(RangeError)
    expect(() => make({ timeout: -90 * SECOND })).toThrow(RangeError)
  })

  test.each([
    ["TestDefaultCircuitBreaker", succeed, fail],
    ["TestTwoStepCircuitBreaker (v1)", succeed2Step, fail2Step],
  ])("%s: opens at the sixth failure in a row, and recovers", async (_, good, bad) => {
    const breaker = make()
    for (let i = 0; i < 5; i++) await bad(breaker)
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [5, 0, 5, 0, 5])
    await good(breaker)
    expectCounts(breaker, [6, 1, 5, 1, 0])
    await bad(breaker)
    expectCounts(breaker, [7, 1, 6, 0, 1])
    for (let i = 0; i < 5; i++) await bad(breaker)
    expect(breaker.state).toBe("open")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    await expect(good(breaker)).rejects.toThrow()
    await expect(bad(breaker)).rejects.toThrow()
    expectCounts(breaker, [0, 0, 0, 0, 0])
    clock.time += 60 * SECOND - 1
    expect(breaker.state).toBe("open")
    clock.time += 1 + 1e-6
    expect(breaker.state).toBe("half-open")
    await bad(breaker)
    expect(breaker.state).toBe("open")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    sleep(60)
    expect(breaker.state).toBe("half-open")
    await good(breaker)
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    clock.time += 1e9
    expect(breaker.state).toBe("closed")
  })

  test("TestCustomCircuitBreaker (v1): a rule of its own, an interval, three probes", async () => {
    const breaker = make(custom)
    for (let i = 0; i < 5; i++) {
      await succeed(breaker)
      await fail(breaker)
    }
    expectCounts(breaker, [10, 5, 5, 0, 1])
    sleep(29)
    await succeed(breaker)
    expectCounts(breaker, [11, 6, 5, 1, 0])
    sleep(1)
    await fail(breaker)
    expectCounts(breaker, [1, 0, 1, 0, 1])
    await succeed(breaker)
    await fail(breaker)
    expect(breaker.state).toBe("open")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    expect(changes).toEqual(["cb closed open"])
    sleep(90)
    expect(breaker.state).toBe("half-open")
    expect(changes.at(-1)).toBe("cb open half-open")
    await succeed(breaker, 2)
    expectCounts(breaker, [2, 2, 0, 2, 0])
    const third = pending()
    const call = breaker.execute(() => third.promise)
    expectCounts(breaker, [3, 2, 0, 2, 0])
    await rejection(breaker)
    third.resolve("fine")
    await call
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    expect(changes).toEqual(["cb closed open", "cb open half-open", "cb half-open closed"])
  })

  test.each(["TestPanicInRequest (v1)", "TestPanicInRequest (v2)"])(
    "%s: a thrown error is counted and rethrown",
    async () => {
      const breaker = make()
      const call = breaker.execute(() => {
        throw "oops"
      })
      await expect(call).rejects.toBe("oops")
      expectCounts(breaker, [1, 0, 1, 0, 1])
    },
  )

  test("TestGeneration: a call from before the end of the interval has no effect after it", async () => {
    const breaker = make(custom)
    sleep(29)
    await succeed(breaker)
    const late = pending()
    const call = breaker.execute(() => late.promise)
    expectCounts(breaker, [2, 1, 0, 1, 0])
    sleep(1)
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
    late.resolve("late")
    await call
    expectCounts(breaker, [0, 0, 0, 0, 0])
  })

  test("TestCustomIsSuccessful: decides what is counted as a success", async () => {
    const lenient = make({ isSuccessful: () => true })
    await fail(lenient, 5)
    expect(lenient.state).toBe("closed")
    expectCounts(lenient, [5, 5, 0, 5, 0])
    const strict = make({ isSuccessful: (error) => error === undefined })
    await fail(strict, 6)
    expect(strict.state).toBe("open")
  })

  test("TestCircuitBreakerInParallel: counts 100,000 overlapping calls exactly", async () => {
    const breaker = make(custom)
    const routine = async (): Promise<void> => {
      await succeed(breaker, 10_000)
      for (let i = 0; i < 1_000; i++) await exclude(breaker)
    }
    await Promise.all(Array.from({ length: 10 }, routine))
    expectCounts(breaker, [110_000, 100_000, 0, 100_000, 0], 10_000)
  })
})
