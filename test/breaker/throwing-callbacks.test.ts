import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Settings } from "../../src/index.ts"
import { boom, rejection, succeed } from "./calls.ts"
import { clock, make, restart } from "./manual-breaker.ts"
import { unhandledRejections } from "./unhandled-rejections.ts"

beforeEach(restart)

const broken = new Error("broken callback")
const fall = (): never => {
  throw broken
}
const types = ["statechange", "success", "failure", "excluded", "rejected"] as const

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe("a listener that throws", () => {
  test("changes neither result nor state, and is reported by reportError #59", async () => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const breaker = make({ isExcluded: (error) => error === "odd" })
    for (const type of types) breaker.addEventListener(type, fall)
    expect(await breaker.execute(() => 42)).toBe(42)
    await expect(breaker.execute(() => Promise.reject("odd"))).rejects.toBe("odd")
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.state).toBe("open")
    expect((await rejection(breaker)).code).toBe("ERR_OPEN_STATE")
    clock.time = 1_001
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
    // success, excluded, failure, statechange; rejected; statechange, success, statechange
    expect(reportError.mock.calls).toEqual(Array(8).fill([broken]))
  })

  test("is reported by console.error where there is no reportError #59", async () => {
    vi.stubGlobal("reportError", undefined)
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const breaker = make()
    breaker.addEventListener("success", fall)
    await succeed(breaker)
    expect(error.mock.calls).toEqual([[broken]])
  })

  test("does not keep other listeners from being called #59", async () => {
    vi.stubGlobal("reportError", vi.fn())
    const breaker = make()
    const listener = vi.fn()
    breaker.addEventListener("success", fall)
    breaker.addEventListener("success", listener)
    await succeed(breaker, 2)
    expect(listener).toHaveBeenCalledTimes(2)
  })

  test("changes nothing either as an object with a handleEvent that throws, or without handleEvent #59", async () => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const breaker = make()
    breaker.addEventListener("success", { handleEvent: fall })
    breaker.addEventListener("success", {} as { handleEvent(): void })
    await succeed(breaker)
    expect(reportError.mock.calls).toEqual([[broken], [expect.any(TypeError)]])
  })
})

describe("an async listener that rejects", () => {
  test("is reported, and does not end the process #59", async () => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const later = async (): Promise<never> => Promise.reject(broken)
    const breaker = make({ onStateChange: later })
    breaker.addEventListener("statechange", later)
    breaker.addEventListener("statechange", { handleEvent: later })
    breaker.trip()
    expect(breaker.state).toBe("open")
    await vi.waitFor(() => expect(reportError.mock.calls).toEqual(Array(3).fill([broken])))
  })
})

describe("a callback that throws", () => {
  test.each([
    "onStateChange",
    "readyToTrip",
    "timeout",
    "isSuccessful",
    "isExcluded",
    "retryAfterOf",
  ] as const)("is reported and does not reach the caller: %s", async (name) => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const breaker = make({ [name]: fall })
    expect(await breaker.execute(() => 42)).toBe(42)
    await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
    expect(breaker.state).toBe(name === "readyToTrip" ? "closed" : "open")
    if (name === "timeout") expect(breaker.retryAfter).toBe(60_000)
    expect(reportError).toHaveBeenCalledWith(broken)
  })

  test.each(["readyToTrip", "timeout", "isSuccessful", "isExcluded", "retryAfterOf"])(
    "is refused when it is async, and its rejection is reported: %s",
    async (name) => {
      const reportError = vi.fn()
      vi.stubGlobal("reportError", reportError)
      const breaker = make({ [name]: async () => fall() })
      const unhandled = await unhandledRejections(async () => {
        await expect(breaker.execute(() => Promise.reject(boom))).rejects.toBe(boom)
      })
      expect(unhandled).toEqual([])
      expect(reportError.mock.calls).toContainEqual([broken])
      expect(reportError.mock.calls.map(String).join()).toContain(`${name}() must be `)
    },
  )

  test("does not reach the caller of trip() or reset() either", () => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    const breaker = make({ onStateChange: fall, timeout: fall })
    breaker.trip()
    expect(breaker.state).toBe("open")
    breaker.reset()
    expect(breaker.state).toBe("closed")
    expect(reportError.mock.calls).toEqual([[broken], [broken], [broken]])
  })
})

describe("a callback of a call", () => {
  const reportsOf = async (settings: Settings): Promise<unknown[]> => {
    const reportError = vi.fn()
    vi.stubGlobal("reportError", reportError)
    await make(settings).execute(() => Promise.reject(boom)).catch(() => {})
    return reportError.mock.calls.flat()
  }

  test("may return undefined to keep the default", async () => {
    const nothing = (): never => undefined as never
    expect(await reportsOf({ isExcluded: nothing, isSuccessful: nothing, retryAfterOf: nothing })).toEqual([])
  })

  test("that returns null is reported with its name", async () => {
    expect(await reportsOf({ isExcluded: () => null as never })).toEqual([new TypeError("isExcluded() must be a boolean: got null")])
  })
})
