import { beforeEach, describe, expect, test } from "vitest"
import { rejection } from "./calls.ts"
import { clock, make, restart } from "./manual-breaker.ts"

beforeEach(restart)

describe("a listener that changes the state", () => {
  test("gets the event of its own change after the one that it is handling", () => {
    const breaker = make()
    const changes: string[] = []
    breaker.addEventListener("statechange", ({ to }) => {
      if (to === "open") breaker.reset()
    })
    breaker.addEventListener("statechange", ({ from, to }) => changes.push(`${from} ${to}`))
    breaker.trip()
    expect(changes).toEqual(["closed open", "open closed"])
    expect(breaker.state).toBe("closed")
  })

  test("does not make an error inconsistent: an error that says open has a wait above 0 #22", async () => {
    const breaker = make({ probeTimeout: 500 })
    breaker.trip()
    clock.time = 1_001
    breaker.allow()
    breaker.addEventListener("statechange", ({ to }) => {
      if (to === "open") breaker.reset()
    })
    clock.time = 1_600
    // The probe is given up, so the breaker opens and rejects the call, and the listener closes it.
    const error = await rejection(breaker)
    expect(error).toMatchObject({ code: "ERR_OPEN_STATE", state: "open" })
    expect(error.retryAfter).toBeGreaterThan(0)
    expect(breaker.state).toBe("closed")
  })

  test("may make a call when the breaker becomes half-open, and that call is the probe", async () => {
    const breaker = make()
    breaker.trip()
    let inner: Promise<unknown> | undefined
    breaker.addEventListener("statechange", ({ to }) => {
      if (to === "half-open") inner = breaker.execute(() => "inner")
    })
    clock.time = 1_001
    expect(breaker.state).toBe("half-open")
    expect((await rejection(breaker)).code).toBe("ERR_TOO_MANY_REQUESTS")
    expect(await inner).toBe("inner")
    expect(breaker.state).toBe("closed")
  })
})

describe("callbacks that call back into the breaker without end", () => {
  test("leave the breaker open when timeout() trips it", () => {
    const breaker = make({
      timeout: () => {
        breaker.trip()
        return 5
      },
    })
    breaker.trip()
    expect(breaker.state).toBe("open")
  })
})
