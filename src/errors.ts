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
 * It has no stack trace where the engine can leave that out: capturing one costs more than the rest of a
 * rejection, and every trace would show the same place. `cause` is the error that opened the breaker; it is
 * missing when a response opened it.
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
  /**
   * The name of its class. A field, since an inherited property cannot be assigned to once the intrinsics are
   * frozen.
   */
  override readonly name: string
  // The others are only declared. To define them too would set each of them twice.
  /** Stable; switch on this rather than on the class. */
  declare readonly code: CircuitBreakerErrorCode
  /** Name of the breaker. */
  declare readonly breaker: string
  /** The breaker's state when it rejected the call. */
  declare readonly state: State
  /**
   * Milliseconds until a call may be admitted, above 0; `Infinity` while the breaker is isolated.
   */
  declare readonly retryAfter: number

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

/** The fields of a {@link CircuitBreakerError} besides its message. */
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
  /** The code of this class. */
  declare readonly code: "ERR_OPEN_STATE"

  /** For code that stands in for a breaker, for example in tests. */
  constructor(rejection: Rejection) {
    super("OpenStateError", "ERR_OPEN_STATE", "open", rejection)
  }
}

/**
 * The breaker is half-open and its slots are all taken (gobreaker's `ErrTooManyRequests`). Or it has just
 * closed, and its store admits only a share of the calls at first (slow start).
 */
export class TooManyRequestsError extends CircuitBreakerError {
  /** The code of this class. */
  declare readonly code: "ERR_TOO_MANY_REQUESTS"

  /** For code that stands in for a breaker, for example in tests. */
  constructor(rejection: Rejection) {
    super("TooManyRequestsError", "ERR_TOO_MANY_REQUESTS", `${rejection.state}: too many requests`, rejection)
  }
}

/**
 * Finds the breaker's rejection: `error` itself, or an error that it wraps as its `cause`, at any depth. Many
 * HTTP clients wrap what their fetch rejects with. Recognises errors of another realm or another copy of this
 * module by their `code`.
 *
 * @returns `undefined` when there is no such error.
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
    // A property of an error cannot be read. Code that handles an error must not get a second one.
  }
  return undefined
}

// In the engines that do not have this limit, stack traces cost less.
const traces = Error as { stackTraceLimit?: unknown }
/** Whether errors have the property even without a trace: in V8. In JavaScriptCore it is slow to ask. */
let hasStack: boolean | undefined

/** Makes an error without the cost of a stack trace, where the engine lets it be suspended. */
export function withoutStack<A>(Type: new (about: A) => CircuitBreakerError, about: A): CircuitBreakerError {
  const limit = traces.stackTraceLimit
  try {
    // Not 0: with that, V8 still prepares a trace, and the error takes twice as long to make.
    if (limit) traces.stackTraceLimit = undefined
  } catch {
    // The intrinsics are frozen, so the cost of a trace cannot be avoided.
  }
  const error = new Type(about)
  if (traces.stackTraceLimit === limit) return error
  traces.stackTraceLimit = limit
  hasStack ??= "stack" in error
  // Code that prints errors relies on a string.
  if (hasStack) error.stack = `${error.name}: ${error.message}`
  return error
}
