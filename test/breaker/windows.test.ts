import { beforeEach, describe, expect, test } from "vitest"
import { CircuitBreaker, type Settings } from "../../src/index.ts"
import { counts, fail, succeed } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})

const make = (settings: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, readyToTrip: () => false, ...settings })

describe("windowSize", () => {
  test("drops the oldest call when a new one settles #9", async () => {
    const breaker = make({ windowSize: 3 })
    await fail(breaker)
    await succeed(breaker, 2)
    expect(breaker.counts).toMatchObject({ requests: 3, totalSuccesses: 2, totalFailures: 1 })
    await succeed(breaker)
    expect(breaker.counts).toMatchObject({ requests: 3, totalSuccesses: 3, totalFailures: 0 })
  })

  test("does not keep excluded calls", async () => {
    const breaker = make({ windowSize: 2, isExcluded: (_, result) => result === "fine" })
    await fail(breaker, 2)
    await succeed(breaker, 10)
    expect(breaker.counts).toMatchObject({ requests: 2, totalFailures: 2, totalExclusions: 0, totalSuccesses: 0 })
  })

  test("stays exact when the window wraps around many times", async () => {
    const breaker = make({ windowSize: 7 })
    const last: string[] = []
    for (let i = 0; i < 500; i++) {
      const failing = (i * i) % 3 === 1
      last.push(failing ? "failure" : "success")
      await (failing ? fail(breaker) : succeed(breaker))
      const within = last.slice(-7)
      expect(breaker.counts).toMatchObject({
        requests: within.length,
        totalFailures: within.filter((outcome) => outcome === "failure").length,
        totalSuccesses: within.filter((outcome) => outcome === "success").length,
      })
    }
  })
})

describe("interval", () => {
  test("clears the counts strictly after its end", async () => {
    const breaker = make({ interval: 1_000 })
    await fail(breaker, 2)
    now = 1_000
    await fail(breaker)
    expect(breaker.counts.totalFailures).toBe(3)
    now = 1_001
    await fail(breaker)
    expect(breaker.counts).toEqual(
      counts({ requests: 1, totalFailures: 1, consecutiveFailures: 1 }),
    )
  })

  test("restarts when the breaker is next used, not at fixed times", async () => {
    const breaker = make({ interval: 1_000 })
    await fail(breaker)
    now = 5_500
    await fail(breaker)
    now = 6_500
    await fail(breaker)
    expect(breaker.counts.totalFailures).toBe(2)
  })

  test("ignores the result of a call that began before the counts were cleared", async () => {
    const breaker = make({ interval: 1_000 })
    const done = breaker.allow()
    now = 1_001
    await succeed(breaker)
    done("failure")
    expect(breaker.counts).toEqual(
      counts({ requests: 1, totalSuccesses: 1, consecutiveSuccesses: 1 }),
    )
  })
})
