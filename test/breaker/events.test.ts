import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import {
  CircuitBreaker,
  consecutiveFailures,
  type BreakerEventMap,
  type Settings,
} from "../../src/index.ts"
import { boom, counts, fail, rejection, succeed } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({
    name: "b",
    clock: { now: () => now },
    timeout: 1_000,
    ...consecutiveFailures(1),
    ...settings,
  })

const types = ["statechange", "success", "failure", "excluded", "rejected"] as const

/** The events of a breaker, each with the state that listeners read at that moment. */
function log(breaker: CircuitBreaker): string[] {
  const lines: string[] = []
  for (const type of types) {
    breaker.addEventListener(type, (event: BreakerEventMap[keyof BreakerEventMap]) => {
      const change = event.type === "statechange" ? ` ${event.from} ${event.to}` : ""
      lines.push(`${type}${change}, ${breaker.state}`)
    })
  }
  return lines
}

describe("addEventListener()", () => {
  test("reports a failure, then the change of state, both in the new state #58", async () => {
    const breaker = make()
    const lines = log(breaker)
    await fail(breaker)
    expect(lines).toEqual(["failure, open", "statechange closed open, open"])
  })

  test("reports all events of a whole cycle in order #58", async () => {
    const breaker = make()
    const lines = log(breaker)
    await fail(breaker)
    await rejection(breaker)
    now = 1_001
    await succeed(breaker)
    expect(lines).toEqual([
      "failure, open",
      "statechange closed open, open",
      "rejected, open",
      "statechange open half-open, half-open",
      "success, closed",
      "statechange half-open closed, closed",
    ])
  })

  test("reports half-open when the state is read after the open period", () => {
    const breaker = make()
    breaker.trip()
    const lines = log(breaker)
    now = 1_001
    void breaker.state
    void breaker.state
    expect(lines).toEqual(["statechange open half-open, half-open"])
  })

  test("passes events with the details of what happened", async () => {
    const breaker = make({ isExcluded: (error) => error === "odd" })
    const events: object[] = []
    for (const type of types) breaker.addEventListener(type, (event) => events.push(event))
    await breaker.execute(() => Promise.reject("odd")).catch(() => {})
    const done = breaker.allow()
    now = 25
    done("success")
    await fail(breaker)
    const error = await rejection(breaker)
    const led = {
      requests: 3,
      totalSuccesses: 1,
      totalFailures: 1,
      totalExclusions: 1,
      consecutiveFailures: 1,
    }
    expect(events).toMatchObject([
      { type: "excluded", breaker: "b", duration: 0, error: "odd", counted: true },
      { type: "success", breaker: "b", duration: 25, error: undefined, counted: true },
      { type: "failure", breaker: "b", duration: 0, error: boom, counted: true },
      {
        type: "statechange",
        breaker: "b",
        from: "closed",
        to: "open",
        error: boom,
        counts: counts(led),
      },
      { type: "rejected", breaker: "b", error },
    ])
    expect(events.every((event) => event instanceof Event)).toBe(true)
  })

  test("reports a late result as not counted", async () => {
    const breaker = make()
    const late = breaker.allow()
    breaker.trip()
    const counted: boolean[] = []
    breaker.addEventListener("success", (event) => counted.push(event.counted))
    late("success")
    expect(counted).toEqual([false])
  })

  test("allocates nothing for events before the first listener", async () => {
    let targets = 0
    let events = 0
    vi.stubGlobal(
      "EventTarget",
      class extends EventTarget {
        constructor() {
          super()
          targets++
        }
      },
    )
    const dispatch = vi
      .spyOn(EventTarget.prototype, "dispatchEvent")
      .mockImplementation(() => !!++events)
    const breaker = make()
    await fail(breaker)
    await rejection(breaker)
    breaker.removeEventListener("success", () => {})
    breaker.reset()
    breaker.isolate().release()
    expect({ targets, events }).toEqual({ targets: 0, events: 0 })
    dispatch.mockRestore()
    breaker.addEventListener("success", () => {})
    expect(targets).toBe(1)
  })
})
