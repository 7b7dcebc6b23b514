import { beforeEach, describe, expect, test } from "vitest"
import type { BreakerSnapshot, Settings } from "../../src/index.ts"
import { counts, fail, succeed } from "./calls.ts"
import { clock, make, restart, resume } from "./manual-breaker.ts"

beforeEach(restart)

beforeEach(() => {
  clock.time = 5_000
})

describe("the setting snapshot", () => {
  const valid = (): BreakerSnapshot => {
    const breaker = make()
    breaker.trip()
    return breaker.snapshot()
  }

  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a number", 5],
    ["a text", JSON.stringify(valid())],
    ["an array", [valid()]],
    ["an empty object", {}],
    ["a foreign object", { state: "open", lastTimerAt: 1, stats: {} }],
    ["an older version", { ...valid(), version: 0 }],
    ["a newer version", { ...valid(), version: 2 }],
    ["no version", { ...valid(), version: undefined }],
    ["an unknown state", { ...valid(), state: "ajar" }],
    ["no counts", { ...valid(), counts: undefined }],
    ["counts of null", { ...valid(), counts: null }],
    ["a negative count", { ...valid(), counts: counts({ requests: -1 }) }],
    ["a count that is a text", { ...valid(), counts: { ...counts(), requests: "1" } }],
    ["a missing count", { ...valid(), counts: { requests: 1 } }],
    ["NaN left, as JSON", JSON.parse(JSON.stringify({ ...valid(), remaining: NaN }))],
    ["for ever left", { ...valid(), remaining: Infinity }],
    ["a negative time", { ...valid(), remaining: -1 }],
    ["no window", { ...valid(), window: undefined }],
    ["invalid buckets", { ...valid(), window: { ...valid().window, buckets: [null] } }],
    ["buckets as an object", { ...valid(), window: { ...valid().window, buckets: {} } }],
  ])("starts clean, and without a throw, from %s #62", async (_, snapshot) => {
    const breaker = make({ snapshot })
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts())
    await succeed(breaker)
  })

  test("limits the remaining time to the open period #62", () => {
    const breaker = make({ snapshot: { ...valid(), remaining: 1e15 } })
    expect(breaker.retryAfter).toBe(1_000)
  })

  test.each<[string, Settings, (from: BreakerSnapshot["window"]) => object]>([
    ["nothing in the buckets", { interval: 1_000, bucketPeriod: 100 }, () => ({ buckets: [] })],
    ["buckets of a future period", { interval: 1_000, bucketPeriod: 100 }, ({ buckets }) => ({ age: 1e9, buckets: buckets.map((bucket) => ({ ...bucket, age: 1e9 })) })],
    ["more buckets than there were", { interval: 1_000, bucketPeriod: 100 }, ({ buckets }) => ({ buckets: Array(50).fill(buckets[0]) })],
    ["no calls", { windowSize: 5 }, () => ({ calls: [] })],
    ["invalid calls", { windowSize: 5 }, () => ({ calls: [1e12, 7, 2.5] })],
  ])("corrects counts that do not match the window, with %s #62", async (_, window, change) => {
    const settings = { ...window, readyToTrip: () => false }
    const from = make(settings)
    await succeed(from, 2)
    await fail(from)
    const snapshot = from.snapshot()
    const breaker = make({ ...settings, snapshot: { ...snapshot, window: { ...snapshot.window, ...change(snapshot.window) } } })
    // All that was in the window leaves it.
    for (let i = 0; i < 20; i++) {
      clock.time += 100
      await succeed(breaker)
      expect(Math.min(...Object.values(breaker.counts))).toBeGreaterThanOrEqual(0)
    }
    const calls = settings.windowSize ?? 10
    expect(breaker.counts).toMatchObject({ totalSuccesses: calls, totalFailures: 0, totalSlow: 0 })
    const { buckets } = breaker.snapshot().window
    expect(buckets.length).toBeLessThanOrEqual(10)
  })

  test("ignores streaks of the buckets, which would make those of the breaker negative #62", async () => {
    const settings = { interval: 1_000, bucketPeriod: 100, readyToTrip: () => false }
    const from = make(settings)
    await fail(from, 2)
    const { window, ...snapshot } = from.snapshot()
    const buckets = window.buckets.map((bucket) => ({ ...bucket, consecutiveSuccesses: 9, consecutiveFailures: 9 }))
    const breaker = make({ ...settings, snapshot: { ...snapshot, window: { ...window, buckets } } })
    clock.time += 5_000
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts({ consecutiveFailures: 2 }))
  })

  test.each<[string, Partial<BreakerSnapshot>]>([
    ["a generation", { generation: 1e300 }],
    ["a count", { state: "half-open", counts: counts({ requests: 1e300, totalExclusions: 1e300 }) }],
  ])("starts clean from %s so large that adding 1 does not change it #62", (_, wrong) => {
    const breaker = make({ snapshot: { ...valid(), ...wrong } })
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts())
  })

  test.each<[string, unknown]>([
    ["a proxy", new Proxy(valid(), {})],
    ["an object with unknown properties", { ...valid(), later: () => {} }],
    ["a frozen object", Object.freeze(valid())],
  ])("accepts %s", (_, snapshot) => {
    const breaker = make({ snapshot })
    expect(breaker.state).toBe("open")
  })

  test.each([{ windowSize: 10 }, { interval: 1_000, bucketPeriod: 100 }])("is not changed by the breaker, and may start several: %j", async (window) => {
    const settings = { ...window, readyToTrip: () => false }
    const from = make(settings)
    await fail(from, 3)
    const snapshot = from.snapshot()
    const text = JSON.stringify(snapshot)
    const others = [1, 2].map(() => make({ ...settings, snapshot }))
    for (const other of others) await fail(other, 4)
    expect(JSON.stringify(snapshot)).toBe(text)
    expect(others.map((other) => other.counts.totalFailures)).toEqual([7, 7])
  })

  test("of another window starts clean when closed, and stays open when open #62", async () => {
    const closed = make({ windowSize: 10, readyToTrip: () => false })
    await fail(closed, 3)
    expect(resume(closed, { windowSize: 5 }).counts).toEqual(counts())
    const open = make({ windowSize: 10 })
    open.trip()
    expect(resume(open, { interval: 1_000, bucketPeriod: 10 }).state).toBe("open")
  })
})
