import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { fail, rejection, succeed } from "./calls.ts"

const MINUTE = 60_000
const HOUR = 3_600_000
// Milliseconds since 1970.
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

const steps = [1, 10, 100, 1_000, 1_001, 10_000, MINUTE, HOUR].flatMap((step) => [-step, step])

describe("a clock that jumps", () => {
  // Each jump is between two readings, without time passing: a short jump could not be told from time that
  // passes.
  test.each(steps)("by %d ms does not lengthen an open period", (jump) => {
    let passed = 0
    let offset = 1e7
    const breaker = make({ clock: { now: () => passed + offset } })
    breaker.trip()
    passed = 5_000
    const before = breaker.retryAfter
    offset += jump
    expect(breaker.retryAfter).toBeLessThanOrEqual(before)
    passed = 10_001
    expect(breaker.state).toBe("half-open")
  })

  test.each([-11_000, -MINUTE, -HOUR, EPOCH])(
    "by %d ms between two distant readings does not lengthen an open period",
    (jump) => {
      let passed = 0
      let offset = 1e7
      const breaker = make({ clock: { now: () => passed + offset } })
      breaker.trip()
      passed = 9_000
      offset += jump
      void breaker.state
      passed = 10_001
      expect(breaker.state).toBe("half-open")
    },
  )

  const openings: Record<string, (breaker: CircuitBreaker) => () => void> = {
    "trip()": (breaker) => () => breaker.trip(),
    "a failure": (breaker) => {
      const done = breaker.allow()
      return () => done("failure")
    },
    "the failure of a half-open call": (breaker) => {
      breaker.trip()
      now += 10_001
      const done = breaker.allow()
      return () => done("failure")
    },
  }
  test.each(Object.keys(openings))("back by less than a second just before %s does not lengthen the open period", (how) => {
    now = 1e7
    const breaker = make({ interval: MINUTE })
    const open = openings[how]?.(breaker)
    now -= 900
    open?.()
    expect(breaker.retryAfter).toBe(10_000)
    now += 10_001
    expect(breaker.state).toBe("half-open")
  })

  test("back by less than a second just before a half-open call is given up does not lengthen the open period", async () => {
    now = 1e7
    const breaker = make({ probeTimeout: 900 })
    breaker.trip()
    now += 10_001
    void breaker.execute(() => new Promise(() => {}))
    now += 1_800
    void breaker.state
    now -= 950
    const { retryAfter } = await rejection(breaker)
    now += 1_000
    expect(breaker.retryAfter).toBe(retryAfter - 1_000)
  })

  test.each(steps)("by %d ms does not make retryAfter grow", (jump) => {
    now = 1e7
    const breaker = make()
    breaker.trip()
    now += 5_000
    expect(breaker.retryAfter).toBe(5_000)
    now += jump
    let last = 5_000
    for (let i = 0; i < 20; i++, now += 700) {
      expect(breaker.retryAfter).toBeLessThanOrEqual(last)
      last = breaker.retryAfter
    }
  })

  test("back and forth by an hour, again and again, does not keep a breaker open", () => {
    now = 1e9
    const breaker = make()
    breaker.trip()
    const states = new Set<string>()
    for (let i = 0; i < 30; i++) {
      now += i % 2 ? HOUR + 500 : -HOUR
      states.add(breaker.state)
    }
    expect([...states].at(-1)).toBe("half-open")
  })

  test("back by an hour does not keep a probe's slot for an hour", async () => {
    now = 1e7
    const breaker = make({ probeTimeout: 1_000 })
    breaker.trip()
    now += 10_001
    breaker.allow()
    now -= HOUR
    await rejection(breaker)
    now += 20_000
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("back by an hour does not keep failures in the window for an hour", async () => {
    now = 1e7
    const breaker = make({ interval: 1_000, bucketPeriod: 100, readyToTrip: () => false })
    await fail(breaker, 3)
    now -= HOUR
    await fail(breaker)
    now += 1_100
    await succeed(breaker)
    expect(breaker.counts.totalFailures).toBe(0)
  })

  test("may begin below 0", async () => {
    vi.spyOn(performance, "now").mockReturnValue(-5_000)
    const breaker = new CircuitBreaker({ interval: 1_000, bucketPeriod: 100 })
    await succeed(breaker)
    await fail(breaker)
    expect(breaker.counts).toMatchObject({ requests: 2, totalSuccesses: 1, totalFailures: 1 })
  })

  test("does not matter if only the wall clock jumps #30", () => {
    vi.spyOn(performance, "now").mockImplementation(() => now)
    const wall = vi.spyOn(Date, "now").mockImplementation(() => EPOCH)
    const breaker = new CircuitBreaker({ timeout: 10_000 })
    breaker.trip()
    now = 4_000
    for (const step of [HOUR, -HOUR]) {
      wall.mockImplementation(() => EPOCH + step)
      expect(breaker.retryAfter).toBe(6_000)
    }
    now = 10_001
    expect(breaker.state).toBe("half-open")
  })
})
