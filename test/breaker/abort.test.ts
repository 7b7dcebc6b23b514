import { getEventListeners } from "node:events"
import { describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures } from "../../src/index.ts"
import { boom, counts, pending, succeed } from "./calls.ts"
import { unhandledRejections } from "./unhandled-rejections.ts"

const excludedOnce = counts({ requests: 1, totalExclusions: 1 })
const never = (): Promise<never> => new Promise(() => {})
const abort = (reason?: unknown): AbortSignal => {
  const controller = new AbortController()
  controller.abort(reason)
  return controller.signal
}

const reasons = [
  new Error("mine"),
  "a string",
  0,
  null,
  Symbol("odd"),
  new DOMException("slow", "TimeoutError"),
]

describe("execute() with a signal", () => {
  test.each([{}, "x", 5])("that is not an AbortSignal refuses the call, and counts nothing: %j", async (signal) => {
    const breaker = new CircuitBreaker(consecutiveFailures(1))
    const call = breaker.execute(never, { signal: signal as unknown as AbortSignal })
    await expect(call).rejects.toThrow(/^signal must be an AbortSignal: got /)
    expect(breaker.counts).toEqual(counts({}))
  })

  test.each([new AbortController().signal, 5_000, "x"])(
    "that stands alone, where the options should be, refuses the call, and counts nothing: %o",
    async (options) => {
      const breaker = new CircuitBreaker(consecutiveFailures(1))
      const call = breaker.execute(never, options as unknown as undefined)
      await expect(call).rejects.toThrow(/^options must be \{ signal, callTimeout \}: got /)
      expect(breaker.counts).toEqual(counts({}))
    },
  )

  test.each(reasons)(
    "neither calls nor counts when the signal is aborted already: %o #48",
    async (reason) => {
      const breaker = new CircuitBreaker()
      let called = false
      const call = breaker.execute(() => (called = true), { signal: abort(reason) })
      expect(await call.catch((error: unknown) => [error])).toEqual([reason])
      expect(called).toBe(false)
      expect(breaker.counts).toEqual(counts())
    },
  )

  test.each(reasons)(
    "excludes a call that its caller aborts, and rejects with the reason: %o #49 #52",
    async (reason) => {
      const breaker = new CircuitBreaker(consecutiveFailures(1))
      const controller = new AbortController()
      const call = breaker.execute(never, { signal: controller.signal })
      controller.abort(reason)
      expect(await call.catch((error: unknown) => [error])).toEqual([reason])
      expect(breaker.counts).toEqual(excludedOnce)
    },
  )

  test("rejects with an AbortError when no reason is given #52", async () => {
    const controller = new AbortController()
    const call = new CircuitBreaker().execute(never, { signal: controller.signal })
    controller.abort()
    await expect(call).rejects.toMatchObject({ name: "AbortError" })
  })

  test("excludes an aborted call whatever error the function rejects with #49", async () => {
    const breaker = new CircuitBreaker(consecutiveFailures(1))
    const controller = new AbortController()
    const { signal } = controller
    const call = breaker.execute(
      (own) => new Promise((_, reject) => own?.addEventListener("abort", () => reject(boom))),
      { signal },
    )
    controller.abort("reason")
    await call.catch(() => {})
    expect(breaker.counts).toEqual(excludedOnce)
  })

  test("excludes a call that rejects in an abort listener added before the call #49", async () => {
    const breaker = new CircuitBreaker(consecutiveFailures(1))
    const controller = new AbortController()
    const { signal } = controller
    const shared = new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason)),
    )
    const call = breaker.execute(() => shared, { signal })
    controller.abort("reason")
    await expect(call).rejects.toBe("reason")
    expect(breaker.counts).toEqual(excludedOnce)
  })

  test.each([
    [
      "throws",
      () => {
        throw boom
      },
    ],
    ["rejects", () => Promise.reject(boom)],
    ["never settles", never],
  ])(
    "excludes a call that is aborted while the function is being called, which then %s #49",
    async (_, ending) => {
      const breaker = new CircuitBreaker(consecutiveFailures(1))
      const controller = new AbortController()
      const request = (): Promise<never> => {
        controller.abort("reason")
        return ending()
      }
      const unhandled = await unhandledRejections(() =>
        breaker.execute(request, { signal: controller.signal }).catch(() => {}),
      )
      expect(unhandled).toEqual([])
      expect(breaker.counts).toEqual(excludedOnce)
    },
  )

  test("counts a failure even if the signal is aborted later", async () => {
    const breaker = new CircuitBreaker()
    const controller = new AbortController()
    await breaker.execute(() => Promise.reject(boom), { signal: controller.signal }).catch(() => {})
    controller.abort()
    expect(breaker.counts.totalFailures).toBe(1)
  })

  test("hands the caller's own signal to the function when there is no limit", async () => {
    const { signal } = new AbortController()
    expect(await new CircuitBreaker().execute((own) => own, { signal })).toBe(signal)
    expect(await new CircuitBreaker().execute((own) => own)).toBe(undefined)
  })

  test.each([
    [undefined, { totalExclusions: 1, totalFailures: 0 }],
    ["excluded", { totalExclusions: 1, totalFailures: 0 }],
    ["failure", { totalExclusions: 0, totalFailures: 1 }],
  ] as const)(
    "judges the caller's own AbortSignal.timeout() by callerTimeout: %s #50",
    async (callerTimeout, expected) => {
      const breaker = new CircuitBreaker({ callerTimeout })
      const call = breaker.execute(never, { signal: AbortSignal.timeout(1) })
      await expect(call).rejects.toMatchObject({ name: "TimeoutError" })
      expect(breaker.counts).toMatchObject(expected)
    },
  )

  test("asks isExcluded about the caller's own AbortSignal.timeout() when that is a failure", async () => {
    const isExcluded = vi.fn((error: unknown) => (error as Error).name === "TimeoutError")
    const breaker = new CircuitBreaker({ callerTimeout: "failure", isExcluded })
    const signal = AbortSignal.timeout(1)
    await expect(breaker.execute(never, { signal })).rejects.toMatchObject({ name: "TimeoutError" })
    expect(isExcluded.mock.calls).toEqual([[signal.reason, undefined]])
    expect(breaker.counts).toEqual(excludedOnce)
  })

  test("excludes an abort with callerTimeout set to failure for a reason that cannot be looked at", async () => {
    const { proxy: reason, revoke } = Proxy.revocable({}, {})
    revoke()
    const breaker = new CircuitBreaker({ callerTimeout: "failure" })
    const controller = new AbortController()
    const call = breaker.execute(() => new Promise(() => {}), { signal: controller.signal })
    controller.abort(reason)
    expect(await call.then(() => false, (error: unknown) => error === reason)).toBe(true)
    expect(breaker.counts.totalExclusions).toBe(1)
  })

  test("excludes another abort with callerTimeout set to failure #50", async () => {
    const breaker = new CircuitBreaker({ callerTimeout: "failure" })
    const controller = new AbortController()
    const call = breaker.execute(never, { signal: controller.signal })
    controller.abort()
    await call.catch(() => {})
    expect(breaker.counts).toEqual(excludedOnce)
  })

  test.each(["resolve", "reject"] as const)(
    "ignores a function that %ss after the abort #54",
    async (settle) => {
      const breaker = new CircuitBreaker()
      const controller = new AbortController()
      const late = pending()
      const unhandled = await unhandledRejections(async () => {
        const call = breaker.execute(() => late.promise, { signal: controller.signal })
        controller.abort("reason")
        await expect(call).rejects.toBe("reason")
        late[settle](boom)
      })
      expect(unhandled).toEqual([])
      expect(breaker.counts).toEqual(excludedOnce)
    },
  )

  test("aborts only the calls that have it #51", async () => {
    const breaker = new CircuitBreaker()
    const [one, two] = [new AbortController(), new AbortController()]
    const answer = pending()
    const first = breaker.execute(never, { signal: one.signal })
    const second = breaker.execute(() => answer.promise, { signal: two.signal })
    one.abort("first")
    await expect(first).rejects.toBe("first")
    answer.resolve("second")
    expect(await second).toBe("second")
    await succeed(breaker)
    expect(getEventListeners(two.signal, "abort")).toEqual([])
  })
})
