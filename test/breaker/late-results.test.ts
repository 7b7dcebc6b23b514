import { beforeEach, describe, expect, test, vi } from "vitest"
import { boom, counts } from "./calls.ts"
import { clock, make, restart } from "./manual-breaker.ts"

beforeEach(restart)

describe.each(["success", "failure", "excluded"] as const)("a late %s", (outcome) => {
  test("of a call from the closed state changes nothing in the half-open state #41", () => {
    const breaker = make()
    const late = breaker.allow()
    breaker.trip()
    clock.time = 1_001
    expect(breaker.state).toBe("half-open")
    late(outcome, { error: boom })
    expect(breaker.state).toBe("half-open")
    expect(breaker.counts).toEqual(counts())
  })

  test("of a call from an earlier half-open state changes nothing in the present one #42", () => {
    const breaker = make({ maxRequests: 2 })
    breaker.trip()
    clock.time = 1_001
    const [late, other] = [breaker.allow(), breaker.allow()]
    other("failure")
    clock.time = 2_002
    const probe = breaker.allow()
    late(outcome)
    expect(breaker.state).toBe("half-open")
    expect(breaker.counts).toEqual(counts({ requests: 1 }))
    probe("failure")
    expect(breaker.state).toBe("open")
  })

  test("of a call from before reset() changes nothing after it", () => {
    const breaker = make()
    const late = breaker.allow()
    breaker.reset()
    late(outcome)
    expect(breaker.counts).toEqual(counts())
    expect(breaker.state).toBe("closed")
  })

  test("moves an open breaker to half-open after its time, as in gobreaker, and takes no slot", () => {
    const onStateChange = vi.fn()
    const breaker = make({ onStateChange })
    const late = breaker.allow()
    breaker.trip()
    clock.time = 1_001
    late(outcome)
    expect(onStateChange.mock.lastCall).toEqual(["", "open", "half-open"])
    expect(breaker.counts).toEqual(counts())
  })
})
