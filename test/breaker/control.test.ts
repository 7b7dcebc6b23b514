import { beforeEach, describe, expect, test, vi } from "vitest"
import { counts, fail, rejection, succeed } from "./calls.ts"
import { clock, restart, watched } from "./manual-breaker.ts"

beforeEach(restart)

describe("trip()", () => {
  test("opens a closed breaker for the open period", async () => {
    const { breaker, changes } = watched()
    breaker.trip()
    expect(changes).toEqual(["closed open"])
    expect(await rejection(breaker)).toMatchObject({ code: "ERR_OPEN_STATE", retryAfter: 1_000 })
    clock.time = 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("does not change the end of an open period that is under way #26", () => {
    const { breaker, changes } = watched()
    breaker.trip()
    clock.time = 600
    breaker.trip()
    expect(breaker.retryAfter).toBe(400)
    expect(changes).toEqual(["closed open"])
  })

  test("opens a half-open breaker; its probes no longer count", () => {
    const { breaker } = watched()
    breaker.trip()
    clock.time = 1_001
    const done = breaker.allow()
    breaker.trip()
    done("success")
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(1_000)
  })
})

describe("reset()", () => {
  test("closes an open breaker at once and announces that #56", async () => {
    const { breaker, changes } = watched()
    await fail(breaker)
    breaker.reset()
    expect(breaker.state).toBe("closed")
    expect(breaker.retryAfter).toBe(0)
    expect(changes).toEqual(["closed open", "open closed"])
  })

  test("clears the counts of a closed breaker silently #56", async () => {
    const { breaker, changes } = watched({ readyToTrip: () => false })
    await fail(breaker, 3)
    breaker.reset()
    expect(breaker.counts).toEqual(counts())
    expect(changes).toEqual([])
  })

  test("clears the cause, and the number of openings", async () => {
    const timeout = vi.fn(() => 1_000)
    const { breaker } = watched({ timeout })
    await fail(breaker)
    breaker.reset()
    breaker.trip()
    expect(timeout).toHaveBeenLastCalledWith({ opens: 1 })
    expect((await rejection(breaker)).cause).toBe(undefined)
  })
})
