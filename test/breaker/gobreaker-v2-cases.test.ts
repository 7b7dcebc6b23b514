/** The cases that sony/gobreaker v2 added: exclusions. See gobreaker-cases.test.ts. */
import { beforeEach, describe, expect, test } from "vitest"
import type { Outcome } from "../../src/index.ts"
import { boom, fail, rejection, succeed } from "./calls.ts"
import { custom, exclude, expectCounts, fail2Step, make, restart, sleep, succeed2Step } from "./gobreaker.ts"

beforeEach(restart)

describe("gobreaker v2", () => {
  test("TestCustomCircuitBreaker (v2): as v1, with exclusions", async () => {
    const breaker = make(custom)
    for (let i = 0; i < 5; i++) {
      await succeed(breaker)
      await fail(breaker)
      await exclude(breaker)
    }
    expectCounts(breaker, [15, 5, 5, 0, 1], 5)
    sleep(30)
    await fail(breaker)
    await succeed(breaker)
    await fail(breaker)
    expect(breaker.state).toBe("open")
    sleep(90)
    for (let i = 0; i < 4; i++) await exclude(breaker)
    expect(breaker.state).toBe("half-open")
    expectCounts(breaker, [4, 0, 0, 0, 0], 4)
    await fail(breaker)
    expect(breaker.state).toBe("open")
    sleep(90)
    await succeed(breaker, 2)
    expect(breaker.state).toBe("half-open")
    const third = breaker.allow()
    await rejection(breaker)
    third("success")
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
  })

  test("TestIsExcludedAndIsSuccessfulCombination: excluded before successful", async () => {
    const breaker = make({
      isExcluded: (error) => error === "excluded",
      isSuccessful: (error) => error === undefined || error === "allowed",
    })
    const end = (error: unknown): Promise<unknown> =>
      breaker.execute(() => Promise.reject(error)).catch(() => {})
    for (let i = 0; i < 3; i++) await end("excluded")
    expectCounts(breaker, [3, 0, 0, 0, 0], 3)
    for (let i = 0; i < 3; i++) await end("allowed")
    expectCounts(breaker, [6, 3, 0, 3, 0], 3)
    for (let i = 0; i < 2; i++) await end(boom)
    expectCounts(breaker, [8, 3, 2, 0, 2], 3)
  })

  test("TestCountsMethods: each outcome is counted, an exclusion keeps the streaks, and a reset clears all", () => {
    const breaker = make({ readyToTrip: () => false })
    const steps: [Outcome, number[], number][] = [
      ["success", [1, 1, 0, 1, 0], 0],
      ["success", [2, 2, 0, 2, 0], 0],
      ["failure", [3, 2, 1, 0, 1], 0],
      ["failure", [4, 2, 2, 0, 2], 0],
      ["excluded", [5, 2, 2, 0, 2], 1],
    ]
    for (const [outcome, after, exclusions] of steps) {
      const done = breaker.allow()
      expect(breaker.counts.requests).toBe(after[0])
      done(outcome)
      expectCounts(breaker, after, exclusions)
    }
    breaker.reset()
    expectCounts(breaker, [0, 0, 0, 0, 0])
  })

  test("TestTwoStepCircuitBreaker (v2): two calls under way fill the half-open state", async () => {
    const breaker = make({ name: "tscb", maxRequests: 2 })
    for (let i = 0; i < 6; i++) await fail2Step(breaker)
    expect(breaker.state).toBe("open")
    await expect(succeed2Step(breaker)).rejects.toMatchObject({ code: "ERR_OPEN_STATE" })
    await expect(fail2Step(breaker)).rejects.toMatchObject({ code: "ERR_OPEN_STATE" })
    expectCounts(breaker, [0, 0, 0, 0, 0])
    sleep(60)
    const underWay = [breaker.allow(), breaker.allow()]
    await expect(fail2Step(breaker)).rejects.toMatchObject({ code: "ERR_TOO_MANY_REQUESTS" })
    await expect(succeed2Step(breaker)).rejects.toMatchObject({ code: "ERR_TOO_MANY_REQUESTS" })
    for (const done of underWay) done("excluded")
    await succeed2Step(breaker)
    await fail2Step(breaker)
    expect(breaker.state).toBe("open")
    sleep(60)
    await succeed2Step(breaker)
    await succeed2Step(breaker)
    expect(breaker.state).toBe("closed")
    expectCounts(breaker, [0, 0, 0, 0, 0])
  })
})
