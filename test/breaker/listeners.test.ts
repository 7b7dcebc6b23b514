import { describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { fail, succeed } from "./calls.ts"

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ name: "b", timeout: 1_000, ...consecutiveFailures(1), ...settings })

describe("addEventListener() and removeEventListener()", () => {
  test("calls a listener once if it was added twice, and not after its removal #60", async () => {
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

  test("calls all other listeners when one removes itself during its call #60", async () => {
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

  test("accepts what EventTarget accepts: null means no listener, and a number is refused", async () => {
    const breaker = make()
    breaker.addEventListener("success", null as never)
    breaker.addEventListener("success", undefined as never)
    breaker.removeEventListener("success", null as never)
    await succeed(breaker)
    expect(() => breaker.addEventListener("success", 5 as never)).toThrow(TypeError)
  })

  test("treats one listener for two types as two", async () => {
    const breaker = make()
    const listener = vi.fn()
    breaker.addEventListener("success", listener)
    breaker.addEventListener("failure", listener)
    breaker.removeEventListener("failure", listener)
    await succeed(breaker)
    await fail(breaker)
    expect(listener.mock.calls.map(([event]) => event.type)).toEqual(["success"])
  })

  test("supports once, signal and objects with handleEvent", async () => {
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
