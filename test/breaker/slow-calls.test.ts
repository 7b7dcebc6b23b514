import { beforeEach, describe, expect, test } from "vitest"
import { CircuitBreaker, slowCallRate, type Settings } from "../../src/index.ts"
import { pending } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})
const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, ...settings })

describe("slowCallDuration", () => {
  test("counts a slow success as slow, and asks readyToTrip() about it #15", async () => {
    const breaker = make(
      slowCallRate({ threshold: 1, slowerThan: 100, minimumRequests: 2, last: 10 }),
    )
    for (let i = 0; i < 2; i++) {
      const call = pending()
      const promise = breaker.execute(() => call.promise)
      now += 101
      call.resolve("slow")
      await promise
    }
    expect(breaker.state).toBe("open")
  })

  test.each([
    [100, 0],
    [101, 1],
  ])("counts a call of %i ms with a limit of 100 as %i slow calls", (duration, totalSlow) => {
    const breaker = make({ slowCallDuration: 100 })
    const done = breaker.allow()
    now += duration
    done("success")
    expect(breaker.counts).toMatchObject({ totalSuccesses: 1, totalSlow })
  })

  test("does not ask readyToTrip() about an excluded call, however slow", () => {
    const breaker = make({ slowCallDuration: 100, readyToTrip: () => true })
    const done = breaker.allow()
    now += 101
    done("excluded")
    expect(breaker.state).toBe("closed")
  })

  test("counts no excluded call as slow", () => {
    const breaker = make({ slowCallDuration: 100 })
    const done = breaker.allow()
    now += 1_000
    done("excluded")
    expect(breaker.counts).toMatchObject({ totalExclusions: 1, totalSlow: 0 })
  })
})
