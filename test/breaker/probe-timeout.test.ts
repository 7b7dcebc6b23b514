import { beforeEach, describe, expect, test, vi } from "vitest"
import { counts, rejection, succeed } from "./calls.ts"
import { clock, make, restart } from "./manual-breaker.ts"

beforeEach(restart)

describe("probeTimeout", () => {
  test("gives up a probe that never settles, and admits another one #39", async () => {
    const breaker = make({ probeTimeout: 500 })
    breaker.trip()
    clock.time = 1_001
    void breaker.execute(() => new Promise(() => {}))
    clock.time = 1_501
    expect((await rejection(breaker)).code).toBe("ERR_TOO_MANY_REQUESTS")
    // A given-up probe counts as a failure at the moment when its time was up.
    clock.time = 1_502
    expect(await rejection(breaker)).toMatchObject({ code: "ERR_OPEN_STATE", retryAfter: 999 })
    clock.time = 2_502
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("gives up a probe and admits the next at once after the open period #39", async () => {
    const onStateChange = vi.fn()
    const breaker = make({ onStateChange })
    breaker.trip()
    clock.time = 1_001
    void breaker.execute(() => new Promise(() => {}))
    clock.time = 86_400_000
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    expect(onStateChange.mock.calls.map(([, from, to]) => `${from} ${to}`)).toEqual([
      "closed open",
      "open half-open",
      "half-open open",
      "open half-open",
      "half-open closed",
    ])
  })

  test("is the open period by default #39", () => {
    const breaker = make({ timeout: ({ opens }) => opens * 1_000 })
    breaker.trip()
    clock.time = 1_001
    breaker.allow()
    clock.time = 2_001
    expect(() => breaker.allow()).toThrow(
      expect.objectContaining({ code: "ERR_TOO_MANY_REQUESTS" }),
    )
    clock.time = 2_002
    expect(() => breaker.allow()).toThrow(expect.objectContaining({ code: "ERR_OPEN_STATE" }))
    expect(breaker.retryAfter).toBe(1_999)
  })

  test("of 0 never gives up a probe", () => {
    const breaker = make({ probeTimeout: 0 })
    breaker.trip()
    clock.time = 1_001
    const done = breaker.allow()
    clock.time = 1e12
    // With a retryAfter of 0, a caller would retry in a loop.
    expect(() => breaker.allow()).toThrow(
      expect.objectContaining({ code: "ERR_TOO_MANY_REQUESTS", retryAfter: 1_000 }),
    )
    done("success")
    expect(breaker.state).toBe("closed")
  })

  test.each(["success", "failure", "excluded"] as const)(
    "ignores the %s of a given-up probe #40",
    (outcome) => {
      const breaker = make({ probeTimeout: 500 })
      breaker.trip()
      clock.time = 1_001
      const late = breaker.allow()
      clock.time = 5_000
      const next = breaker.allow()
      late(outcome)
      expect(breaker.state).toBe("half-open")
      expect(breaker.counts).toEqual(counts({ requests: 1 }))
      next("success")
      expect(breaker.state).toBe("closed")
    },
  )

  test.each(["success", "excluded"] as const)("no longer applies to a probe that has settled: %s", (outcome) => {
    const breaker = make({ probeTimeout: 500, maxRequests: 3 })
    breaker.trip()
    clock.time = 1_001
    breaker.allow()(outcome)
    clock.time = 1_600
    expect(() => breaker.allow()).not.toThrow()
    expect(breaker.state).toBe("half-open")
  })

  test("of a probe that hangs keeps retryAfter above 0 until a call would be admitted #47", () => {
    const breaker = make({ probeTimeout: 500 })
    breaker.trip()
    clock.time = 1_001
    breaker.allow()
    expect(breaker.retryAfter).toBe(500)
    // The next call will give the probe up. Until then the wait does not grow.
    clock.time = 1_600
    expect(breaker.retryAfter).toBe(1)
    // By now the open period that would follow is over too.
    clock.time = 5_000
    expect(breaker.retryAfter).toBe(0)
    expect(() => breaker.allow()).not.toThrow()
  })
})
