import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { boom, counts, fail, rejection, succeed } from "./calls.ts"

// A Worker's clock, in a request.
const EPOCH = 1.7e12

let now = 0
beforeEach(() => {
  now = 0
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({
    clock: { now: () => now },
    timeout: 10_000,
    ...consecutiveFailures(1),
    ...settings,
  })

describe("a clock that is broken", () => {
  test.each<[string, () => number]>([
    [
      "throws",
      () => {
        throw boom
      },
    ],
    ["gives NaN", () => NaN],
    ["gives undefined", () => undefined as unknown as number],
    ["gives Infinity", () => Infinity],
  ])("and %s is reported and changes no result", async (_, broken) => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const breaker = make({
      interval: 1_000,
      bucketPeriod: 100,
      slowCallDuration: 5,
      clock: { now: broken },
    })
    await succeed(breaker)
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.state).toBe("open")
    expect((await rejection(breaker)).retryAfter).toBe(10_000)
    breaker.reset()
    expect(breaker.state).toBe("closed")
    expect(reportError).toHaveBeenCalled()
  })

  test("is replaced by its last good reading until it works again", () => {
    vi.stubGlobal("reportError", vi.fn())
    let reading: () => number = () => now
    const breaker = make({ clock: { now: () => reading() } })
    breaker.trip()
    now = 4_000
    expect(breaker.retryAfter).toBe(6_000)
    reading = () => NaN
    expect(breaker.retryAfter).toBe(6_000)
    reading = () => now
    now = 10_001
    expect(breaker.state).toBe("half-open")
  })
})

describe("a clock that starts at 0 and then gives the time since 1970", () => {
  test("leaves the remaining time of a restored open period as it is", async () => {
    const before = make()
    before.trip()
    now = 4_000
    const snapshot = before.snapshot()
    now = 0
    const breaker = make({ snapshot })
    now = EPOCH
    expect(breaker.retryAfter).toBe(6_000)
    now = EPOCH + 5_999
    await rejection(breaker)
    now = EPOCH + 6_001
    await succeed(breaker)
  })

  test("leaves an open period that began at 0 as it is", () => {
    const breaker = make()
    breaker.trip()
    now = EPOCH
    expect(breaker.retryAfter).toBe(10_000)
  })

  test.each<[string, Settings]>([
    ["no window", {}],
    ["a fixed window", { interval: 1_000 }],
    ["a rolling window", { interval: 1_000, bucketPeriod: 100 }],
  ])("counts as any other with %s", async (_, settings) => {
    const breaker = make({ ...settings, ...consecutiveFailures(3) })
    now = EPOCH
    await fail(breaker, 2)
    now += 500
    expect(breaker.counts).toEqual(
      counts({ requests: 2, totalFailures: 2, consecutiveFailures: 2 }),
    )
    await fail(breaker)
    expect(breaker.retryAfter).toBe(10_000)
    now += 10_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("keeps the counts of a restored window", async () => {
    const settings: Settings = { interval: 1_000, bucketPeriod: 100, readyToTrip: () => false }
    const before = make(settings)
    await fail(before, 3)
    const breaker = make({ ...settings, snapshot: before.snapshot() })
    now = EPOCH
    await fail(breaker)
    expect(breaker.counts.totalFailures).toBe(4)
  })
})

describe("the default clock", () => {
  test("is not read while closed calls succeed and nothing needs the time", async () => {
    const read = vi.spyOn(performance, "now")
    const wall = vi.spyOn(Date, "now")
    const breaker = new CircuitBreaker({ isExcluded: () => false, isSuccessful: () => true })
    await succeed(breaker, 100)
    await breaker.execute(() => "sync")
    breaker.allow()("success")
    breaker.allow()("excluded")
    void breaker.counts
    expect(read).not.toHaveBeenCalled()
    expect(wall).not.toHaveBeenCalled()
  })

  test("is looked up and called as a method at each reading, so that it may be replaced", () => {
    const breaker = new CircuitBreaker({ timeout: 10_000 })
    const read = vi.spyOn(performance, "now").mockImplementation(() => now)
    breaker.trip()
    now = 10_001
    expect(breaker.state).toBe("half-open")
    expect(read.mock.contexts.every((context) => context === performance)).toBe(true)
  })

  test("does not ask for the global performance at each reading, since that is a slow getter in Node", async () => {
    const real = performance
    const lookUp = vi.fn(() => real)
    const original = Object.getOwnPropertyDescriptor(globalThis, "performance") as PropertyDescriptor
    Object.defineProperty(globalThis, "performance", { configurable: true, get: lookUp })
    const breaker = new CircuitBreaker({ slowCallDuration: 10_000 })
    await succeed(breaker, 20)
    Object.defineProperty(globalThis, "performance", original)
    expect(lookUp).toHaveBeenCalledTimes(1)
  })
})

describe("the default clock, while fake timers come and go,", () => {
  afterEach(() => void vi.useRealTimers())

  const settings: [string, Settings][] = [
    ["no window", {}],
    ["a rolling window", { interval: 10_000, bucketPeriod: 1_000 }],
  ]

  test.each(settings)("follows fake ones that come after the breaker was made, with %s", (_, window) => {
    const breaker = new CircuitBreaker({ timeout: 60_000, ...window })
    vi.useFakeTimers()
    breaker.trip()
    expect(breaker.state).toBe("open")
    vi.advanceTimersByTime(60_001)
    expect(breaker.state).toBe("half-open")
  })

  test.each(settings)("follows the real ones after the fake ones it was made under, and the next fake ones, with %s", async (_, window) => {
    vi.useFakeTimers()
    const breaker = new CircuitBreaker({ timeout: 5, ...window })
    vi.useRealTimers()
    breaker.trip()
    await vi.waitFor(() => expect(breaker.state).toBe("half-open"))
    vi.useFakeTimers()
    breaker.reset()
    breaker.trip()
    expect(breaker.state).toBe("open")
    vi.advanceTimersByTime(6)
    expect(breaker.state).toBe("half-open")
  })

  test("follows those that replace only performance, if the breaker is made after them", () => {
    new CircuitBreaker().trip()
    vi.useFakeTimers({ toFake: ["performance"] })
    const breaker = new CircuitBreaker({ timeout: 60_000 })
    breaker.trip()
    expect(breaker.state).toBe("open")
    vi.advanceTimersByTime(60_001)
    expect(breaker.state).toBe("half-open")
  })
})
