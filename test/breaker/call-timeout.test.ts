import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures } from "../../src/index.ts"
import { boom, counts, pending, succeed } from "./calls.ts"
import { unhandledRejections } from "./unhandled-rejections.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
})
afterEach(() => {
  vi.useRealTimers()
})

const never = (): Promise<never> => new Promise(() => {})
const failedOnce = counts({ requests: 1, totalFailures: 1, consecutiveFailures: 1 })
const ignore = (): void => {}

describe("callTimeout", () => {
  test("counts a call that hangs as a failure no later than its limit #16", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    const call = breaker.execute(never)
    call.catch(ignore)
    await vi.advanceTimersByTimeAsync(99)
    expect(breaker.counts).toEqual(counts({ requests: 1 }))
    await vi.advanceTimersByTimeAsync(1)
    expect(breaker.counts).toEqual(failedOnce)
    await expect(call).rejects.toMatchObject({ name: "TimeoutError" })
  })

  test("asks isExcluded about a call that is over its limit, and gives its half-open slot back", async () => {
    const isExcluded = vi.fn((error: unknown) => (error as Error).name === "TimeoutError")
    let now = 0
    const breaker = new CircuitBreaker({ callTimeout: 100, isExcluded, clock: { now: () => now } })
    breaker.trip()
    now = 60_001
    const call = breaker.execute(never)
    call.catch(ignore)
    await vi.advanceTimersByTimeAsync(100)
    await expect(call).rejects.toMatchObject({ name: "TimeoutError" })
    expect(breaker.counts).toEqual(counts({ requests: 1, totalExclusions: 1 }))
    expect(breaker.retryAfter).toBe(0)
  })

  test("rejects with a DOMException and aborts the signal with it #50 #52", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    let signal: AbortSignal | undefined
    const call = breaker.execute((own) => {
      signal = own
      return never()
    })
    const caught = call.catch((error: unknown) => error)
    expect(signal?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(100)
    const error = await caught
    expect(error).toBeInstanceOf(DOMException)
    expect(error).toMatchObject({ name: "TimeoutError" })
    expect(signal?.aborted).toBe(true)
    expect(signal?.reason).toBe(error)
    expect(breaker.counts).toEqual(failedOnce)
  })

  test("opens the breaker after calls that never settle #16", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100, ...consecutiveFailures(3) })
    for (let i = 0; i < 3; i++) breaker.execute(never).catch(ignore)
    await vi.advanceTimersByTimeAsync(100)
    expect(breaker.state).toBe("open")
  })

  test("gives each call its own signal: one timeout aborts no other call #51", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    const signals: (AbortSignal | undefined)[] = []
    const start = (): Promise<unknown> =>
      breaker.execute((signal) => {
        signals.push(signal)
        return never()
      })
    start().catch(ignore)
    await vi.advanceTimersByTimeAsync(60)
    start().catch(ignore)
    await vi.advanceTimersByTimeAsync(60)
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, false])
    expect(await breaker.execute((signal) => signal?.aborted)).toBe(false)
  })

  test("leaves no timer behind a call that settles in time", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    await succeed(breaker)
    await breaker.execute(() => Promise.reject(boom)).catch(ignore)
    await breaker
      .execute(() => {
        throw boom
      })
      .catch(ignore)
    const controller = new AbortController()
    const call = breaker.execute(never, { signal: controller.signal })
    controller.abort()
    await call.catch(ignore)
    expect(vi.getTimerCount()).toBe(0)
  })

  test.each(["resolve", "reject"] as const)(
    "ignores a function that %ss after the limit #54",
    async (settle) => {
      const onStateChange = vi.fn()
      const breaker = new CircuitBreaker({
        callTimeout: 100,
        onStateChange,
        ...consecutiveFailures(2),
      })
      const late = pending()
      const unhandled = await unhandledRejections(async () => {
        breaker.execute(() => late.promise).catch(ignore)
        await vi.advanceTimersByTimeAsync(100)
        late[settle](boom)
        await late.promise.catch(ignore)
      })
      expect(unhandled).toEqual([])
      expect(breaker.counts).toEqual(failedOnce)
      expect(onStateChange).not.toHaveBeenCalled()
    },
  )

  test("also follows the caller's signal, and excludes a call aborted by it #49 #52", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const call = breaker.execute(
      (own) => {
        signal = own
        return never()
      },
      { signal: controller.signal },
    )
    controller.abort("reason")
    await expect(call).rejects.toBe("reason")
    expect(signal?.reason).toBe("reason")
    expect(breaker.counts).toEqual(counts({ requests: 1, totalExclusions: 1 }))
  })

  test("aborts the signal of the function, never the caller's own", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    const { signal } = new AbortController()
    let own: AbortSignal | undefined
    const call = breaker.execute(
      (given) => {
        own = given
        return never()
      },
      { signal },
    )
    call.catch(ignore)
    await vi.advanceTimersByTimeAsync(100)
    expect(own?.reason).toMatchObject({ name: "TimeoutError" })
    expect(signal.aborted).toBe(false)
    expect(breaker.counts).toEqual(failedOnce)
  })

  test("still lets the caller abort the body of a Response after the call has settled", async () => {
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const response = await new CircuitBreaker({ callTimeout: 100 }).execute(
      (own) => {
        signal = own
        return new Response("body")
      },
      { signal: controller.signal },
    )
    await vi.advanceTimersByTimeAsync(1_000)
    expect(signal?.aborted).toBe(false)
    controller.abort("reason")
    expect(signal?.reason).toBe("reason")
    expect(await response.text()).toBe("body")
  })

  test("goes on aborting a body that is no stream of this realm when the caller aborts", async () => {
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    const request = (own?: AbortSignal): object => {
      signal = own
      return { body: {} }
    }
    const response = await new CircuitBreaker({ callTimeout: 100 }).execute(request, { signal: controller.signal })
    controller.abort("reason")
    expect([signal?.reason, response]).toEqual(["reason", { body: {} }])
  })

  test("accepts a result whose body getter throws", async () => {
    const result = { get body(): never { throw boom } }
    const { signal } = new AbortController()
    expect(await new CircuitBreaker({ callTimeout: 100 }).execute(() => result, { signal })).toBe(result)
  })

  test("frees the slot of a probe that hangs: the next period probes again", async () => {
    let now = 0
    const breaker = new CircuitBreaker({
      clock: { now: () => now },
      timeout: 1_000,
      callTimeout: 100,
    })
    breaker.trip()
    now = 1_001
    breaker.execute(never).catch(ignore)
    await vi.advanceTimersByTimeAsync(100)
    expect(breaker.state).toBe("open")
    now = 2_002
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test("of one call overrides that of the breaker, and 0 means none", async () => {
    const breaker = new CircuitBreaker({ callTimeout: 100 })
    breaker.execute(never, { callTimeout: 10 }).catch(ignore)
    breaker.execute(never, { callTimeout: 0 }).catch(ignore)
    await vi.advanceTimersByTimeAsync(10)
    expect(breaker.counts.totalFailures).toBe(1)
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(breaker.counts.totalFailures).toBe(1)
  })

  test.each([
    [NaN, RangeError],
    [-1, RangeError],
    [Infinity, RangeError],
    [2 ** 31, RangeError],
    ["100", TypeError],
  ] as const)(
    "of %s for one call rejects, names it and counts nothing #19",
    async (callTimeout, kind) => {
      const breaker = new CircuitBreaker()
      const request = vi.fn()
      const error: unknown = await breaker
        .execute(request, { callTimeout: callTimeout as number })
        .catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(kind)
      expect(String(error)).toMatch(/callTimeout/)
      expect(String(error)).toContain(String(callTimeout))
      expect(request).not.toHaveBeenCalled()
      expect(breaker.counts).toEqual(counts())
    },
  )
})
