import { beforeEach, describe, expect, test } from "vitest"
import {
  CircuitBreaker,
  CircuitBreakerError,
  consecutiveFailures,
  OpenStateError,
  TooManyRequestsError,
} from "../../src/index.ts"
import { boom, fail, rejection } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})

const make = (): CircuitBreaker =>
  new CircuitBreaker({
    name: "billing",
    clock: { now: () => now },
    timeout: 1_000,
    ...consecutiveFailures(1),
  })

async function openError(): Promise<CircuitBreakerError> {
  const breaker = make()
  await fail(breaker)
  return rejection(breaker)
}

describe("OpenStateError", () => {
  test("has code, breaker, state, remaining time and cause #22", async () => {
    const error = await openError()
    expect(error).toBeInstanceOf(OpenStateError)
    expect(error).toBeInstanceOf(CircuitBreakerError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: "OpenStateError",
      code: "ERR_OPEN_STATE",
      breaker: "billing",
      state: "open",
      retryAfter: 1_000,
    })
    expect(error.cause).toBe(boom)
    expect(error.message).toContain("billing")
    expect(String(error)).toMatch(/^OpenStateError: .*open/)
  })

  test("can be made where the intrinsics are frozen", async () => {
    const name = Object.getOwnPropertyDescriptor(Error.prototype, "name")!
    Object.defineProperty(Error.prototype, "name", { ...name, writable: false })
    try {
      expect(await openError()).toMatchObject({ name: "OpenStateError", code: "ERR_OPEN_STATE" })
    } finally {
      Object.defineProperty(Error.prototype, "name", name)
    }
  })

  test("has no cause when the breaker was tripped by hand", async () => {
    const breaker = make()
    breaker.trip()
    expect((await rejection(breaker)).cause).toBe(undefined)
  })

  test("has no cause when the breaker was opened again without an error", async () => {
    const breaker = make()
    const errors: unknown[] = []
    breaker.addEventListener("statechange", ({ to, error }) => to === "open" && errors.push(error))
    await fail(breaker)
    now = 1_001
    breaker.allow()("failure")
    expect((await rejection(breaker)).cause).toBe(undefined)
    expect(errors).toEqual([boom, undefined])
  })

  test("has the error of the failed probe as its cause after that opened the breaker again", async () => {
    const breaker = make()
    await fail(breaker)
    now = 1_001
    const later = new Error("later")
    await breaker.execute(() => Promise.reject(later)).catch(() => {})
    expect((await rejection(breaker)).cause).toBe(later)
  })

  test("is a new object for each call", async () => {
    const breaker = make()
    breaker.trip()
    expect(await rejection(breaker)).not.toBe(await rejection(breaker))
  })

  test("has its name and message in place of a stack trace", async () => {
    const error = await openError()
    expect(error.stack).toBe('OpenStateError: circuit breaker "billing" is open')
    expect(Object.keys(error)).not.toContain("stack")
  })

  test("does not change the depth of other stack traces", async () => {
    const depth = Error.stackTraceLimit
    await openError()
    expect(Error.stackTraceLimit).toBe(depth)
    expect(new Error("other").stack).toMatch(/\n +at /)
  })
})

describe("TooManyRequestsError", () => {
  test("has code, breaker, state, a wait and the cause #47", async () => {
    const breaker = make()
    await fail(breaker)
    now = 1_001
    breaker.allow()
    const error = await rejection(breaker)
    expect(error).toBeInstanceOf(TooManyRequestsError)
    expect(error).toBeInstanceOf(CircuitBreakerError)
    expect(error).toMatchObject({
      name: "TooManyRequestsError",
      code: "ERR_TOO_MANY_REQUESTS",
      breaker: "billing",
      state: "half-open",
      retryAfter: 1_000,
    })
    expect(error.cause).toBe(boom)
  })
})
