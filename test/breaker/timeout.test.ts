import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { exponentialBackoff, type OpenContext } from "../../src/index.ts"
import { boom, fail, succeed } from "./calls.ts"
import { clock, make, restart } from "./manual-breaker.ts"

beforeEach(restart)

afterEach(() => {
  vi.unstubAllGlobals()
})

describe("timeout", () => {
  test("grows with each opening up to a cap, and starts again after a recovery #31", async () => {
    const breaker = make({ timeout: exponentialBackoff({ initial: 100, max: 350, jitter: 0 }) })
    for (const period of [100, 200, 350, 350]) {
      await fail(breaker)
      expect(breaker.retryAfter).toBe(period)
      clock.time += period + 1
    }
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.retryAfter).toBe(100)
  })

  test("is asked with the number of the opening, the error and the retryAfter of the failure", async () => {
    const timeout = vi.fn((_: OpenContext) => 10)
    const breaker = make({ timeout, retryAfterOf: () => 5 })
    await fail(breaker)
    clock.time = 11
    await fail(breaker)
    expect(timeout.mock.calls).toEqual([
      [{ opens: 1, error: boom, retryAfter: 5 }],
      [{ opens: 2, error: boom, retryAfter: 5 }],
    ])
  })

  test.each([NaN, -1, Infinity, "10", undefined])(
    "falls back to a minute when it returns %s",
    async (wrong) => {
      vi.stubGlobal("reportError", vi.fn())
      const breaker = make({ timeout: () => wrong as number })
      await fail(breaker)
      expect(breaker.retryAfter).toBe(60_000)
    },
  )
})

describe("retryAfterOf()", () => {
  test.each([
    ["lengthens", 5_000, 5_000],
    ["never shortens", 10, 1_000],
    ["returns undefined and does not change", undefined, 1_000],
  ])("%s the open period #32", async (_, asked, period) => {
    const breaker = make({ retryAfterOf: () => asked })
    await fail(breaker)
    expect(breaker.retryAfter).toBe(period)
  })

  test("is not limited by the cap of a backoff: a cap is its own job #32", async () => {
    const timeout = exponentialBackoff({ initial: 100, max: 200, jitter: 0 })
    const breaker = make({
      timeout,
      retryAfterOf: (_, result: number | undefined) => result,
      isSuccessful: () => false,
    })
    await breaker.execute(() => 300)
    expect(breaker.retryAfter).toBe(300)
  })

  test.each([NaN, Infinity, -5, "120"])(
    "cannot keep the breaker open for ever by asking for %s #32",
    async (asked) => {
      vi.stubGlobal("reportError", vi.fn())
      const breaker = make({ retryAfterOf: () => asked as number })
      await fail(breaker)
      expect(breaker.retryAfter).toBe(1_000)
    },
  )
})
