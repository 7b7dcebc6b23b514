import { build } from "esbuild"
import { fileURLToPath } from "node:url"
import { createContext, runInContext } from "node:vm"
import { describe, expect, test } from "vitest"
import {
  CircuitBreaker,
  CircuitBreakerError,
  consecutiveFailures,
  findCircuitBreakerError,
} from "../../src/index.ts"
import { boom, fail, rejection } from "./calls.ts"

const make = (): CircuitBreaker =>
  new CircuitBreaker({
    name: "billing",
    clock: { now: () => 0 },
    timeout: 1_000,
    ...consecutiveFailures(1),
  })

async function openError(): Promise<CircuitBreakerError> {
  const breaker = make()
  await fail(breaker)
  return rejection(breaker)
}

/** A second copy of the package, loaded in another realm. */
async function elsewhere(): Promise<typeof import("../../src/index.ts")> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../src/index.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "copy",
    target: "es2022",
  })
  const context = createContext({
    performance,
    EventTarget,
    Event,
    URL,
    Request,
    Response,
    Headers,
  })
  return runInContext(
    `${outputFiles[0]?.text}; copy`,
    context,
  ) as typeof import("../../src/index.ts")
}

describe("findCircuitBreakerError()", () => {
  test("finds the error itself, and at any depth of wrapping #22", async () => {
    const error = await openError()
    let wrapped: unknown = error
    for (let depth = 0; depth < 10; depth++) {
      expect(findCircuitBreakerError(wrapped)).toBe(error)
      wrapped = new TypeError("fetch failed", { cause: wrapped })
    }
  })

  test("finds the error behind wrappers that are not errors, whatever their code", async () => {
    const error = await openError()
    const axios = { isAxiosError: true, code: "ERR_NETWORK", cause: error }
    expect(findCircuitBreakerError({ cause: axios })).toBe(error)
    expect(findCircuitBreakerError({ code: "ERR_OPEN_STATE", cause: error })).toBe(error)
  })

  test("ends when causes form a cycle", () => {
    const [a, b] = [new Error("a"), new Error("b")]
    a.cause = b
    b.cause = a
    expect(findCircuitBreakerError(a)).toBe(undefined)
    const self = new Error("self")
    self.cause = self
    expect(findCircuitBreakerError(self)).toBe(undefined)
  })

  test.each([
    undefined,
    null,
    0,
    "ERR_OPEN_STATE",
    Symbol("odd"),
    boom,
    {},
    [],
    () => {},
    { code: "ERR_OPEN_STATE" },
  ])("finds nothing in %o", (value) => {
    expect(findCircuitBreakerError(value)).toBe(undefined)
  })

  test("finds nothing behind a cause that throws when it is read", () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const getter = { get cause(): never { throw boom } }
    for (const cause of [proxy, getter]) expect(findCircuitBreakerError(new Error("wrapped", { cause }))).toBe(undefined)
  })

  test("recognizes errors of another realm and of another copy of the package", async () => {
    const copy = await elsewhere()
    const breaker = new copy.CircuitBreaker({ name: "far" })
    breaker.trip()
    const error: unknown = await breaker.execute(() => 1).catch((reason: unknown) => reason)
    expect(error).not.toBeInstanceOf(Error)
    expect(findCircuitBreakerError(new Error("wrapped", { cause: error }))).toBe(error)
    expect(findCircuitBreakerError(error)).toMatchObject({ code: "ERR_OPEN_STATE", breaker: "far" })
    expect(copy.findCircuitBreakerError(await openError())).toMatchObject({ breaker: "billing" })
  })
})
