/**
 * The errors that a breaker rejects with. Errors of the protected call itself are never wrapped.
 *
 * @module
 */
import type { State } from "./core/counts.ts"

/** Tells the errors apart, also across realms and bundles, where `instanceof` does not. */
export type CircuitBreakerErrorCode = "ERR_OPEN_STATE" | "ERR_TOO_MANY_REQUESTS"

/**
 * A call that the breaker rejected: the protected function was not called.
 *
 * It has no stack trace where the engine lets that be left out: taking one costs more than the rest of a
 * rejection, and all of them would show the same place. `cause` is the error that opened the breaker, when it
 * was one: a response that did leaves none.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, findCircuitBreakerError } from "webbreaker"
 *
 * const breaker = new CircuitBreaker({ name: "billing" })
 * try {
 *   await breaker.execute(() => fetch("https://billing.example/invoices"))
 * } catch (error) {
 *   const rejected = findCircuitBreakerError(error)
 *   if (!rejected) throw error
 *   console.log(`${rejected.breaker} rests for another ${rejected.retryAfter} ms`)
 * }
 * ```
 */
export class CircuitBreakerError extends Error {
  /** That of its class. A field, since what is inherited cannot be assigned to once the intrinsics are frozen. */
  override readonly name: string
  /** Stable; switch on this rather than on the class. */
  readonly code: CircuitBreakerErrorCode
  /** Name of the breaker. */
  readonly breaker: string
  /** The breaker's state when it rejected the call. */
  readonly state: State
  /**
   * Milliseconds until a call may be admitted, above 0; `Infinity` while the breaker is isolated.
   */
  readonly retryAfter: number

  /** Called by the classes below. */
  constructor(name: string, code: CircuitBreakerErrorCode, why: string, rejection: Rejection) {
    const { breaker, state, retryAfter, cause } = rejection
    super(`circuit breaker "${breaker}" is ${why}`, cause === undefined ? undefined : { cause })
    this.name = name
    this.code = code
    this.breaker = breaker
    this.state = state
    this.retryAfter = retryAfter
  }
}

/** What a {@link CircuitBreakerError} tells beside its message. */
export interface Rejection {
  /** Name of the breaker. */
  readonly breaker: string
  /** The breaker's state. */
  readonly state: State
  /** Milliseconds until a call may be admitted. */
  readonly retryAfter: number
  /** The error that opened the breaker. */
  readonly cause?: unknown
}

/** The breaker is open (gobreaker's `ErrOpenState`). */
export class OpenStateError extends CircuitBreakerError {
  /** Always this one. */
  declare readonly code: "ERR_OPEN_STATE"

  /** For code that stands in for a breaker, in tests say. */
  constructor(rejection: Rejection) {
    super("OpenStateError", "ERR_OPEN_STATE", "open", rejection)
  }
}

/**
 * The breaker is half-open and its slots are all taken (gobreaker's `ErrTooManyRequests`); or it has
 * closed, and a store lets calls through slowly at first.
 */
export class TooManyRequestsError extends CircuitBreakerError {
  /** Always this one. */
  declare readonly code: "ERR_TOO_MANY_REQUESTS"

  /** For code that stands in for a breaker, in tests say. */
  constructor(rejection: Rejection) {
    super("TooManyRequestsError", "ERR_TOO_MANY_REQUESTS", `${rejection.state}: too many requests`, rejection)
  }
}

/**
 * The breaker's rejection that `error` is or wraps, searched along `cause`: many HTTP clients wrap
 * what their fetch rejects with. Recognises errors of another realm or another copy of this module
 * by their `code`.
 *
 * @returns `undefined` when no breaker had a part in it.
 */
export function findCircuitBreakerError(error: unknown): CircuitBreakerError | undefined {
  const seen = new Set<unknown>()
  try {
    for (let e: unknown = error; typeof e === "object" && e !== null && !seen.has(e); ) {
      seen.add(e)
      const { code, breaker, cause } = e as { code?: unknown; breaker?: unknown; cause?: unknown }
      if ((code === "ERR_OPEN_STATE" || code === "ERR_TOO_MANY_REQUESTS") && typeof breaker === "string") {
        return e as CircuitBreakerError
      }
      e = cause
    }
  } catch {
    // One that cannot be looked at; who handles an error needs no second one.
  }
  return undefined
}

// Of engines that have no such limit, none takes traces this dear.
const traces = Error as { stackTraceLimit?: unknown }

/** Makes an error without the cost of a stack trace, where the engine lets it be suspended. */
export function withoutStack<A>(Type: new (about: A) => CircuitBreakerError, about: A): CircuitBreakerError {
  const limit = traces.stackTraceLimit
  try {
    if (limit) traces.stackTraceLimit = 0
  } catch {
    // The intrinsics are frozen: then a trace is what it costs.
  }
  const error = new Type(about)
  if (traces.stackTraceLimit !== limit) traces.stackTraceLimit = limit
  return error
}
