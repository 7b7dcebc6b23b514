import { beforeEach, describe, expect, test } from "vitest"
import { fail, rejection, succeed } from "./calls.ts"
import { clock, restart, watched } from "./manual-breaker.ts"

beforeEach(restart)

describe("isolate()", () => {
  test("holds the breaker open until it is released #55", async () => {
    const { breaker, changes } = watched()
    const isolation = breaker.isolate()
    clock.time = 1e9
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(Infinity)
    expect(await rejection(breaker)).toMatchObject({
      code: "ERR_OPEN_STATE",
      state: "open",
      retryAfter: Infinity,
    })
    isolation.release()
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    expect(changes).toEqual(["closed open", "open closed"])
  })

  test("nests: the last release ends the isolation, and each handle counts once #55", () => {
    const { breaker, changes } = watched()
    const [a, b] = [breaker.isolate(), breaker.isolate()]
    a.release()
    a.release()
    expect(breaker.state).toBe("open")
    b.release()
    expect(breaker.state).toBe("closed")
    expect(changes).toEqual(["closed open", "open closed"])
  })

  test("releases a handle once, even if a listener releases it again meanwhile #55", async () => {
    const { breaker, changes } = watched()
    const isolation = breaker.isolate()
    breaker.addEventListener("statechange", () => isolation.release(), { once: true })
    isolation.release()
    expect(breaker.state).toBe("closed")
    breaker.isolate()
    expect((await rejection(breaker)).code).toBe("ERR_OPEN_STATE")
    expect(changes).toEqual(["closed open", "open closed", "closed open"])
  })

  test("is not ended by reset(), trip() or the open period #55", () => {
    const { breaker } = watched()
    const isolation = breaker.isolate()
    breaker.reset()
    expect(breaker.state).toBe("open")
    breaker.trip()
    clock.time = 1_001
    expect(breaker.state).toBe("open")
    isolation.release()
    expect(breaker.state).toBe("half-open")
  })

  test("does not change the state that applies after the release", async () => {
    const { breaker, changes } = watched({ readyToTrip: () => false })
    await fail(breaker, 2)
    breaker.isolate().release()
    expect(breaker.counts.totalFailures).toBe(2)
    breaker.trip()
    clock.time = 500
    breaker.isolate().release()
    expect(breaker.retryAfter).toBe(500)
    expect(changes).toEqual(["closed open", "open closed", "closed open"])
  })

  test("still counts calls that were under way", async () => {
    const { breaker } = watched()
    const done = breaker.allow()
    const isolation = breaker.isolate()
    done("failure")
    isolation.release()
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(1_000)
  })
})
