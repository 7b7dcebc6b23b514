import { describe, expect, test } from "vitest"
import { CircuitBreaker, consecutiveFailures, exponentialBackoff } from "../../src/index.ts"
import { fail } from "./calls.ts"

describe("exponentialBackoff()", () => {
  test.each([
    [1, 100],
    [2, 200],
    [3, 400],
    [4, 500],
    [5, 500],
    [5_000, 500],
  ])("makes opening %i last %i ms #31", (opens, period) => {
    expect(exponentialBackoff({ initial: 100, max: 500, jitter: 0 })({ opens })).toBe(period)
  })

  test("jitters upwards, after the cap", () => {
    const at = (random: number) =>
      exponentialBackoff({ initial: 100, max: 500, jitter: 0.2, random: () => random })
    expect(at(0)({ opens: 9 })).toBe(500)
    expect(at(0.5)({ opens: 9 })).toBeCloseTo(550, 9)
    expect(at(0.999)({ opens: 1 })).toBeCloseTo(119.98, 9)
  })

  test("jitters by default, differently each time", () => {
    const timeout = exponentialBackoff({ initial: 100, max: 500 })
    const periods = Array.from({ length: 50 }, () => timeout({ opens: 9 }))
    expect(new Set(periods).size).toBeGreaterThan(1)
    expect(Math.min(...periods)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...periods)).toBeLessThan(650)
  })

  test("may be spread as well as set", async () => {
    const backoff = exponentialBackoff({ initial: 70, max: 500, jitter: 0 })
    for (const settings of [{ timeout: backoff }, { ...backoff }]) {
      const breaker = new CircuitBreaker({
        clock: { now: () => 0 },
        ...consecutiveFailures(1),
        ...settings,
      })
      await fail(breaker)
      expect(breaker.retryAfter).toBe(70)
    }
  })

  test.each([
    ["initial", { initial: 0, max: 10 }],
    ["initial", { max: 10 }],
    ["initial", { initial: NaN, max: 10 }],
    ["max", { initial: 100, max: 10 }],
    ["max", { initial: 100, max: Infinity }],
    ["max", { initial: 100 }],
    ["factor", { initial: 1, max: 10, factor: 0.5 }],
    ["jitter", { initial: 1, max: 10, jitter: -0.1 }],
    ["jitter", { initial: 1, max: 10, jitter: 2 }],
    ["random", { initial: 1, max: 10, random: 0.5 }],
  ])("refuses a wrong %s: %j #19", (name, settings) => {
    expect(() => exponentialBackoff(settings as never)).toThrow(name)
  })
})
