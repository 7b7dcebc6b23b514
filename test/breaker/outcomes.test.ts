import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { boom, counts, fail, succeed } from "./calls.ts"
import { unhandledRejections } from "./unhandled-rejections.ts"

const reportError = vi.fn()
beforeEach(() => {
  reportError.mockClear()
  vi.stubGlobal("reportError", reportError)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => 0 }, ...settings })

describe("isExcluded()", () => {
  test("keeps an excluded call out of totals and streaks #12", async () => {
    const breaker = make({ isExcluded: (error) => error === "odd", ...consecutiveFailures(3) })
    await fail(breaker, 2)
    await expect(breaker.execute(() => Promise.reject("odd"))).rejects.toBe("odd")
    expect(breaker.counts).toEqual(
      counts({ requests: 3, totalFailures: 2, consecutiveFailures: 2, totalExclusions: 1 }),
    )
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("is asked first, and isSuccessful() is not asked about an excluded call", async () => {
    const isSuccessful = vi.fn(() => true)
    const breaker = make({ isExcluded: () => true, isSuccessful })
    await succeed(breaker)
    expect(isSuccessful).not.toHaveBeenCalled()
    expect(breaker.counts.totalExclusions).toBe(1)
  })
})

describe("isSuccessful()", () => {
  test("can count a result as a failure, and the caller still gets the result #13", async () => {
    const breaker = make({ isSuccessful: (_, status: number | undefined) => status !== 503 })
    expect(await breaker.execute(async () => 503)).toBe(503)
    expect(await breaker.execute(async () => 200)).toBe(200)
    expect(breaker.counts).toMatchObject({ totalFailures: 1, totalSuccesses: 1 })
  })

  test("does not keep the result that opens the breaker from the caller #13", async () => {
    const result = { status: 503 }
    const breaker = make({ isSuccessful: () => false, ...consecutiveFailures(1) })
    expect(await breaker.execute(() => result)).toBe(result)
    expect(breaker.state).toBe("open")
  })

  test("can count an error as a success, and the caller still gets the error", async () => {
    const breaker = make({ isSuccessful: () => true })
    await fail(breaker, 6)
    expect(breaker.counts).toMatchObject({ totalSuccesses: 6, totalFailures: 0 })
  })

  test("gets undefined as the error of a fulfilled call, and never for a rejected one", async () => {
    const isSuccessful = vi.fn((error: unknown) => error === undefined)
    const breaker = make({ isSuccessful })
    await breaker.execute(() => undefined)
    await breaker.execute(() => Promise.reject(undefined)).catch(() => {})
    expect(isSuccessful.mock.calls[0]).toEqual([undefined, undefined])
    expect(isSuccessful.mock.calls[1]?.[0]).not.toBe(undefined)
    expect(breaker.counts).toMatchObject({ totalSuccesses: 1, totalFailures: 1 })
  })
})

describe.each(["isSuccessful", "isExcluded", "retryAfterOf"] as const)("%s(), broken", (name) => {
  test("does not hide the result or the error, and is reported #14", async () => {
    const broken = new Error("broken classifier")
    const breaker = make({
      [name]: () => {
        throw broken
      },
    })
    await expect(breaker.execute(async () => "fine")).resolves.toBe("fine")
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.counts).toMatchObject({
      totalSuccesses: 1,
      totalFailures: 1,
      totalExclusions: 0,
    })
    // retryAfterOf() is not asked about a success.
    expect(reportError.mock.calls).toEqual(
      name === "retryAfterOf" ? [[broken]] : [[broken], [broken]],
    )
  })

  test("is ignored when it returns a promise #14", async () => {
    const breaker = make({ [name]: async () => true })
    await succeed(breaker)
    await fail(breaker)
    expect(breaker.counts).toMatchObject({
      totalSuccesses: 1,
      totalFailures: 1,
      totalExclusions: 0,
    })
    expect(String(reportError.mock.calls[0]?.[0])).toContain(name)
  })
})

test("a failure that its caller ignores is an unhandled rejection, as without a breaker", async () => {
  const unhandled = await unhandledRejections(async () => {
    void make().execute(() => Promise.reject(boom))
  })
  expect(unhandled).toEqual([boom])
})
