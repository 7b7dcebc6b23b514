import { afterEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, failureRate, type Settings } from "../../src/index.ts"
import { boom, counts, fail, succeed } from "./calls.ts"

afterEach(() => {
  vi.unstubAllGlobals()
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => 0 }, ...settings })

describe("readyToTrip(), closed", () => {
  test("opens the breaker exactly at its threshold, and not before #7", async () => {
    const breaker = make(consecutiveFailures(3))
    await fail(breaker, 2)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("opens at the sixth failure in a row by default #7", async () => {
    const breaker = make()
    await fail(breaker, 5)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("sees a new streak after a success #8", async () => {
    const breaker = make(consecutiveFailures(3))
    await fail(breaker, 2)
    await succeed(breaker)
    await fail(breaker, 2)
    expect(breaker.state).toBe("closed")
    expect(breaker.counts.consecutiveFailures).toBe(2)
  })

  test("is asked after a failure, with a copy of the counts that includes it and the calls under way", async () => {
    const readyToTrip = vi.fn(() => false)
    const breaker = make({ readyToTrip })
    void breaker.execute(() => new Promise(() => {}))
    await succeed(breaker)
    expect(readyToTrip).not.toHaveBeenCalled()
    await fail(breaker)
    const seen = counts({
      requests: 3,
      totalSuccesses: 1,
      totalFailures: 1,
      consecutiveFailures: 1,
    })
    expect(readyToTrip.mock.calls).toEqual([[seen]])
  })

  test.each([
    [
      "throws",
      () => {
        throw boom
      },
    ],
    ["returns a promise", async () => true],
    ["returns no boolean", () => 1],
  ])("does not open, and is reported, when it %s", async (_, readyToTrip) => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const breaker = make({ readyToTrip: readyToTrip as unknown as () => boolean })
    await fail(breaker, 10)
    expect(breaker.state).toBe("closed")
    expect(breaker.counts.totalFailures).toBe(10)
    expect(reportError).toHaveBeenCalledTimes(10)
  })

  test("is not diluted by calls under way with failureRate() #17", async () => {
    const breaker = make(failureRate({ threshold: 1, minimumRequests: 5, last: 100 }))
    for (let i = 0; i < 1_000; i++) void breaker.execute(() => new Promise(() => {}))
    await fail(breaker, 5)
    expect(breaker.state).toBe("open")
  })

  test("never opens below the minimum of failureRate() #6", async () => {
    const breaker = make(failureRate({ threshold: 0.1, minimumRequests: 20, within: 10_000 }))
    await fail(breaker, 19)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })
})
