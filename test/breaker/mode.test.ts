import { beforeEach, describe, expect, test } from "vitest"
import { boom, counts, fail, succeed } from "./calls.ts"
import { clock, restart, watched } from "./manual-breaker.ts"

beforeEach(restart)

describe('mode: "shadow"', () => {
  test("counts and announces, and rejects nothing", async () => {
    const { breaker, changes } = watched({ mode: "shadow" })
    const rejected: unknown[] = []
    breaker.addEventListener("rejected", (event) => rejected.push(event.error.code))
    await fail(breaker)
    expect(breaker.state).toBe("open")
    await succeed(breaker)
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(rejected).toEqual(["ERR_OPEN_STATE", "ERR_OPEN_STATE"])
    clock.time = 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    expect(changes).toEqual(["closed open", "open half-open", "half-open closed"])
  })

  test("ignores the outcome of a call that it would have rejected", async () => {
    const { breaker } = watched({ mode: "shadow" })
    breaker.trip()
    clock.time = 1_001
    const probe = breaker.allow()
    const beyond = breaker.allow()
    beyond("failure")
    expect(breaker.state).toBe("half-open")
    probe("success")
    expect(breaker.state).toBe("closed")
  })
})

describe('mode: "disabled"', () => {
  test("lets every call through and counts nothing #57", async () => {
    const { breaker, changes } = watched({ mode: "disabled" })
    const events: string[] = []
    for (const type of ["success", "failure", "excluded", "rejected"] as const) {
      breaker.addEventListener(type, () => events.push(type))
    }
    await fail(breaker, 10)
    await succeed(breaker, 10)
    breaker.allow()("failure")
    expect(breaker.counts).toEqual(counts())
    expect(breaker.state).toBe("closed")
    expect([...changes, ...events]).toEqual([])
  })

  test("lets calls through that an open or isolated breaker would reject #57", async () => {
    const { breaker } = watched({ mode: "disabled" })
    breaker.trip()
    breaker.isolate()
    await succeed(breaker)
    await fail(breaker)
    expect(breaker.counts).toEqual(counts())
  })
})
