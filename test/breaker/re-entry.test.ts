import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { boom, counts, fail, succeed } from "./calls.ts"

let now = 0
const reportError = vi.fn()
beforeEach(() => {
  now = 0
  reportError.mockClear()
  vi.stubGlobal("reportError", reportError)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({
    clock: { now: () => now },
    timeout: 1_000,
    ...consecutiveFailures(1),
    ...settings,
  })

/** Uses everything that can be called from inside, except what changes the state. */
function look(breaker: CircuitBreaker): void {
  void breaker.state
  void breaker.counts
  void breaker.retryAfter
  breaker.snapshot()
  breaker.execute(() => "from inside").catch(() => {})
}

/** Breakers whose named callback calls `inside` with the breaker itself. */
const callbacks = {
  onStateChange: (inside: (breaker: CircuitBreaker) => void) => {
    const breaker = make({ onStateChange: () => inside(breaker) })
    return breaker
  },
  "a listener": (inside: (breaker: CircuitBreaker) => void) => {
    const breaker = make()
    for (const type of ["failure", "rejected", "statechange"] as const) {
      breaker.addEventListener(type, () => inside(breaker))
    }
    return breaker
  },
  readyToTrip: (inside: (breaker: CircuitBreaker) => void) => {
    const breaker = make({
      readyToTrip: () => {
        inside(breaker)
        return true
      },
    })
    return breaker
  },
  timeout: (inside: (breaker: CircuitBreaker) => void) => {
    const breaker = make({
      timeout: () => {
        inside(breaker)
        return 1_000
      },
    })
    return breaker
  },
}
const names = Object.keys(callbacks) as (keyof typeof callbacks)[]

/** Calls `inside` the first time only. */
function once(inside: (breaker: CircuitBreaker) => void): (breaker: CircuitBreaker) => void {
  let first = true
  return (breaker) => {
    if (!first) return
    first = false
    inside(breaker)
  }
}

describe.each(names)("%s that calls back into the breaker", (name) => {
  test("may read the breaker and make a call", async () => {
    const breaker = callbacks[name](once(look))
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(1_000)
    now = 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    expect(reportError).not.toHaveBeenCalled()
  })

  test("may trip the breaker, which then opens once", async () => {
    const changes: string[] = []
    const breaker = callbacks[name](once((inner) => inner.trip()))
    breaker.addEventListener("statechange", ({ from, to }) => changes.push(`${from} ${to}`))
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBe(1_000)
    expect(changes).toEqual(["closed open"])
    expect(reportError).not.toHaveBeenCalled()
  })

  test("may reset the breaker, which is then closed and empty", async () => {
    const breaker = callbacks[name](once((inner) => inner.reset()))
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts())
    await fail(breaker)
    expect(breaker.state).toBe("open")
    expect(reportError).not.toHaveBeenCalled()
  })
})
