import { beforeEach, describe, expect, test, vi } from "vitest"
import { failureRate, TooManyRequestsError } from "../../src/index.ts"
import { counts, fail, pending, rejection, succeed } from "./calls.ts"
import { clock, halfOpen, make, restart } from "./manual-breaker.ts"

beforeEach(restart)

describe("execute(), half-open", () => {
  test("makes maxRequests calls and rejects the others at once #33", async () => {
    const breaker = halfOpen({ maxRequests: 3 })
    const probes = [pending(), pending(), pending()]
    const calls = probes.map((probe) => breaker.execute(() => probe.promise))
    for (let i = 0; i < 10; i++)
      expect(await rejection(breaker)).toBeInstanceOf(TooManyRequestsError)
    for (const probe of probes) probe.resolve("fine")
    expect(await Promise.all(calls)).toEqual(["fine", "fine", "fine"])
  })

  test("makes one call by default #33", async () => {
    const breaker = halfOpen()
    void breaker.execute(() => new Promise(() => {}))
    expect(await rejection(breaker)).toMatchObject({
      code: "ERR_TOO_MANY_REQUESTS",
      state: "half-open",
    })
  })

  test("rejects further calls with the time to wait #47", async () => {
    const breaker = halfOpen({ probeTimeout: 500 })
    void breaker.execute(() => new Promise(() => {}))
    clock.time += 200
    expect((await rejection(breaker)).retryAfter).toBe(300)
    clock.time += 300
    expect((await rejection(breaker)).retryAfter).toBeGreaterThan(0)
  })

  test("rejects further calls with a time to wait with probeTimeout 0 too #47", async () => {
    const breaker = halfOpen({ probeTimeout: 0 })
    void breaker.execute(() => new Promise(() => {}))
    clock.time += 1e9
    expect((await rejection(breaker)).retryAfter).toBeGreaterThan(0)
  })

  test("closes after maxRequests successes #34", async () => {
    const breaker = halfOpen({ maxRequests: 3 })
    await succeed(breaker, 2)
    expect(breaker.state).toBe("half-open")
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("opens again at the first failure, whatever succeeded before #35", async () => {
    const breaker = halfOpen({ maxRequests: 3 })
    await succeed(breaker, 2)
    await fail(breaker)
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(1_000)
    expect(breaker.counts).toEqual(counts())
  })

  test("opens again at one failure even below the minimum of failureRate() #35 #45", async () => {
    const breaker = halfOpen(failureRate({ threshold: 1, minimumRequests: 50, within: 60_000 }))
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("opens once when two probes fail #44", async () => {
    const onStateChange = vi.fn()
    const breaker = halfOpen({ maxRequests: 2, onStateChange })
    onStateChange.mockClear()
    const dones = [breaker.allow(), breaker.allow()]
    for (const done of dones) done("failure")
    expect(onStateChange.mock.calls).toEqual([["", "half-open", "open"]])
  })

  test("stays open when one probe fails and another succeeds after it #43", () => {
    const breaker = halfOpen({ maxRequests: 2 })
    const [a, b] = [breaker.allow(), breaker.allow()]
    b("failure")
    a("success")
    expect(breaker.state).toBe("open")
  })

  test("closes with an empty window #46", async () => {
    const breaker = make({ readyToTrip: ({ totalFailures }) => totalFailures >= 3, windowSize: 10 })
    await fail(breaker, 3)
    clock.time += 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts())
    await fail(breaker, 2)
    expect(breaker.state).toBe("closed")
  })
})
