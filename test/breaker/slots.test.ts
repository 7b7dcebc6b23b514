import { beforeEach, describe, expect, test } from "vitest"
import { boom, counts, fail, rejection, succeed } from "./calls.ts"
import { clock, halfOpen, restart } from "./manual-breaker.ts"

beforeEach(restart)

describe("slots, half-open", () => {
  test("are given back by an excluded probe, without a change of state #36", async () => {
    const breaker = halfOpen({ isExcluded: (error) => error === boom })
    for (let i = 0; i < 5; i++) await fail(breaker)
    expect(breaker.state).toBe("half-open")
    expect(breaker.counts).toEqual(counts({ requests: 5, totalExclusions: 5 }))
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("are given back by a probe that its caller aborts, so that the next call probes #37", async () => {
    const breaker = halfOpen()
    const controller = new AbortController()
    const call = breaker.execute(() => new Promise(() => {}), { signal: controller.signal })
    controller.abort("changed my mind")
    await expect(call).rejects.toBe("changed my mind")
    expect(breaker.state).toBe("half-open")
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("are not lost to a probe that throws: after the next open period a call probes again #38", async () => {
    const breaker = halfOpen()
    const call = breaker.execute(() => {
      throw boom
    })
    await expect(call).rejects.toBe(boom)
    expect(breaker.state).toBe("open")
    clock.time += 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("are not given back by a success", async () => {
    const breaker = halfOpen({ maxRequests: 2 })
    await succeed(breaker)
    void breaker.execute(() => new Promise(() => {}))
    expect((await rejection(breaker)).code).toBe("ERR_TOO_MANY_REQUESTS")
  })
})
