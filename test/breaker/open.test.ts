import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { OpenStateError } from "../../src/index.ts"
import { boom, counts, fail, rejection, succeed } from "./calls.ts"
import { clock, make, restart } from "./manual-breaker.ts"

beforeEach(restart)

afterEach(() => {
  vi.unstubAllGlobals()
})

describe("execute(), open", () => {
  test("rejects at once without calling the function #21", async () => {
    const breaker = make()
    await fail(breaker)
    const request = vi.fn()
    let settled = ""
    breaker.execute(request).catch(() => (settled = "rejected"))
    // Only microtasks, no timer and no I/O.
    for (let i = 0; i < 3; i++) await null
    expect(settled).toBe("rejected")
    expect(request).not.toHaveBeenCalled()
  })

  test("rejects with an error that has the remaining time and the cause #22", async () => {
    const breaker = make({ name: "billing" })
    await fail(breaker)
    clock.time = 400
    const error = await rejection(breaker)
    expect(error).toBeInstanceOf(OpenStateError)
    expect(error).toMatchObject({
      code: "ERR_OPEN_STATE",
      breaker: "billing",
      state: "open",
      retryAfter: 600,
    })
    expect(error.cause).toBe(boom)
  })

  test("rejects as open even if the open period ends while the error is made #22", async () => {
    let ticking = false
    // The clock moves on with each reading, as a real one does.
    const breaker = make({ clock: { now: () => (ticking ? clock.time++ : clock.time) } })
    await fail(breaker)
    clock.time = 1_000
    ticking = true
    const error = await rejection(breaker)
    expect(error).toMatchObject({ code: "ERR_OPEN_STATE", state: "open" })
    expect(error.retryAfter).toBeGreaterThan(0)
  })

  test("does not count what it rejects #23", async () => {
    const breaker = make()
    await fail(breaker)
    for (let i = 0; i < 10; i++) await rejection(breaker)
    expect(breaker.counts).toEqual(counts())
  })

  test("opens once for many simultaneous failures #24", async () => {
    const onStateChange = vi.fn()
    const breaker = make({ onStateChange })
    await Promise.allSettled(
      Array.from({ length: 50 }, () => breaker.execute(() => Promise.reject(boom))),
    )
    expect(onStateChange.mock.calls).toEqual([["", "closed", "open"]])
  })

  test("is neither closed by a late success nor kept open longer by a late failure #25", () => {
    const breaker = make()
    const [late, later, first] = [breaker.allow(), breaker.allow(), breaker.allow()]
    first("failure")
    clock.time = 500
    late("success")
    later("failure")
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(500)
    expect(breaker.counts).toEqual(counts())
  })
})

describe("state, open", () => {
  test("is half-open as soon as the time is up, and not before #27 #28", async () => {
    const breaker = make()
    await fail(breaker)
    clock.time = 999
    expect(breaker.state).toBe("open")
    // As in gobreaker, the exact end still belongs to the open period.
    clock.time = 1_000
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBeGreaterThan(0)
    clock.time = 1_000.01
    expect(breaker.retryAfter).toBe(0)
    expect(breaker.state).toBe("half-open")
  })

  test("admits a call right after the end without being read before #28", async () => {
    const breaker = make()
    await fail(breaker)
    clock.time = 1_000
    await rejection(breaker)
    clock.time = 1_000.01
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("recovers without any timer #29", async () => {
    const noTimer = (): never => {
      throw new Error("a timer was set")
    }
    vi.stubGlobal("setTimeout", noTimer)
    vi.stubGlobal("setInterval", noTimer)
    const breaker = make({ probeTimeout: 500, slowCallDuration: 5, onStateChange: () => {} })
    await fail(breaker)
    clock.time = 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })
})
