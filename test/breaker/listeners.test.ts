import { describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { fail, succeed } from "./calls.ts"

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ name: "b", timeout: 1_000, ...consecutiveFailures(1), ...settings })

describe("addEventListener() and removeEventListener()", () => {
  test("calls a listener that is added twice once, and none that is removed #60", async () => {
    const breaker = make()
    const listener = vi.fn()
    breaker.addEventListener("success", listener)
    breaker.addEventListener("success", listener)
    await succeed(breaker)
    expect(listener).toHaveBeenCalledTimes(1)
    breaker.removeEventListener("success", listener)
    await succeed(breaker)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  test("calls all others when a listener removes itself while it is called #60", async () => {
    const breaker = make()
    const called: string[] = []
    const once = (): void => {
      called.push("once")
      breaker.removeEventListener("success", once)
    }
    breaker.addEventListener("success", () => called.push("before"))
    breaker.addEventListener("success", once)
    breaker.addEventListener("success", () => called.push("after"))
    await succeed(breaker, 2)
    expect(called).toEqual(["before", "once", "after", "before", "after"])
  })

  test("does not call a listener that another one removes before its turn #60", async () => {
    const breaker = make()
    const listener = vi.fn()
    breaker.addEventListener("success", () => breaker.removeEventListener("success", listener))
    breaker.addEventListener("success", listener)
    await succeed(breaker)
    expect(listener).not.toHaveBeenCalled()
  })

  test("takes what EventTarget takes: null is none, and a number is refused", async () => {
    const breaker = make()
    breaker.addEventListener("success", null as never)
    breaker.addEventListener("success", undefined as never)
    breaker.removeEventListener("success", null as never)
    await succeed(breaker)
    expect(() => breaker.addEventListener("success", 5 as never)).toThrow(TypeError)
  })

  test("keeps one listener apart for two types", async () => {
    const breaker = make()
    const listener = vi.fn()
    breaker.addEventListener("success", listener)
    breaker.addEventListener("failure", listener)
    breaker.removeEventListener("failure", listener)
    await succeed(breaker)
    await fail(breaker)
    expect(listener.mock.calls.map(([event]) => event.type)).toEqual(["success"])
  })

  test("knows once, signal and objects with handleEvent", async () => {
    const breaker = make()
    const controller = new AbortController()
    const once = vi.fn()
    const aborted = vi.fn()
    const object = { handleEvent: vi.fn() }
    breaker.addEventListener("success", once, { once: true })
    breaker.addEventListener("success", aborted, { signal: controller.signal })
    breaker.addEventListener("success", object)
    controller.abort()
    await succeed(breaker, 2)
    expect(once).toHaveBeenCalledTimes(1)
    expect(aborted).not.toHaveBeenCalled()
    expect(object.handleEvent).toHaveBeenCalledTimes(2)
    expect(object.handleEvent.mock.contexts[0]).toBe(object)
  })
})
