import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import {
  CircuitBreaker,
  consecutiveFailures,
  type Outcome,
  type Settings,
} from "../../src/index.ts"
import { boom, counts, rejection } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, timeout: 1_000, ...settings })

describe("allow()", () => {
  test.each([
    ["success", counts({ requests: 1, totalSuccesses: 1, consecutiveSuccesses: 1 })],
    ["failure", counts({ requests: 1, totalFailures: 1, consecutiveFailures: 1 })],
    ["excluded", counts({ requests: 1, totalExclusions: 1 })],
  ] as const)("returns a function that counts a %s", (outcome, expected) => {
    const breaker = make()
    const done = breaker.allow()
    expect(breaker.counts).toEqual(counts({ requests: 1 }))
    done(outcome)
    expect(breaker.counts).toEqual(expected)
  })

  test("returns a function that counts only its first outcome", () => {
    const breaker = make(consecutiveFailures(2))
    const done = breaker.allow()
    done("success")
    for (let i = 0; i < 5; i++) done("failure")
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(
      counts({ requests: 1, totalSuccesses: 1, consecutiveSuccesses: 1 }),
    )
  })

  test("returns a function that counts once, though a listener or a callback calls it again", () => {
    for (const inside of ["failure", "readyToTrip"]) {
      const again = (): boolean => {
        done("success")
        return false
      }
      const breaker = make({ readyToTrip: inside === "readyToTrip" ? again : () => false })
      const done = breaker.allow()
      if (inside === "failure") breaker.addEventListener("failure", again)
      done("failure")
      expect(breaker.counts).toEqual(counts({ requests: 1, totalFailures: 1, consecutiveFailures: 1 }))
    }
  })

  test("frees one slot for an excluded probe, however often it is reported", () => {
    const breaker = make({ maxRequests: 2 })
    breaker.trip()
    now = 1_001
    const done = breaker.allow()
    breaker.allow()
    done("excluded")
    done("excluded")
    breaker.allow()
    expect(() => breaker.allow()).toThrow(
      expect.objectContaining({ code: "ERR_TOO_MANY_REQUESTS" }),
    )
  })

  test("does not ask isSuccessful() or isExcluded(), since the caller gives the outcome", () => {
    const never = vi.fn(() => true)
    const breaker = make({ isSuccessful: never, isExcluded: never })
    breaker.allow()("failure", { error: boom })
    expect(never).not.toHaveBeenCalled()
    expect(breaker.counts.totalFailures).toBe(1)
  })

  test("throws when open", () => {
    const breaker = make({ name: "two-step" })
    breaker.trip()
    expect(() => breaker.allow()).toThrow(
      expect.objectContaining({ code: "ERR_OPEN_STATE", breaker: "two-step", retryAfter: 1_000 }),
    )
  })

  test("takes the cause and the length of the open period from the failure", async () => {
    const breaker = make(consecutiveFailures(1))
    breaker.allow()("failure", { error: boom, retryAfter: 7_000 })
    const error = await rejection(breaker)
    expect(error.cause).toBe(boom)
    expect(error.retryAfter).toBe(7_000)
  })

  test.each([true, false, "SUCCESS", null, new Error("boom"), undefined])(
    "returns a function that refuses %s as an outcome, and still accepts a valid one",
    (wrong) => {
      const breaker = make()
      const done = breaker.allow()
      expect(() => done(wrong as unknown as Outcome)).toThrow(TypeError)
      expect(breaker.counts).toEqual(counts({ requests: 1 }))
      done("success")
      expect(breaker.counts.totalSuccesses).toBe(1)
    },
  )

  test.each([NaN, Infinity, -1, "120"])(
    "does not stay open for ever after a retryAfter of %s",
    (wrong) => {
      const breaker = make(consecutiveFailures(1))
      breaker.allow()("failure", { retryAfter: wrong as number })
      expect(breaker.retryAfter).toBe(1_000)
      now = 1_001
      expect(breaker.state).not.toBe("open")
      expect(breaker.retryAfter).toBe(0)
    },
  )
})
