/** Calls that succeed, fail or stay under way, for the tests of the breaker. */
import { expect } from "vitest"
import type { CircuitBreaker, CircuitBreakerError, Counts } from "../../src/index.ts"

/** The error of {@link fail}. */
export const boom = new Error("boom")

export async function succeed(breaker: CircuitBreaker, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await breaker.execute(async () => "fine")
}

/** Rejects only when the breaker does not admit the call. */
export async function fail(breaker: CircuitBreaker, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    await breaker
      .execute(() => Promise.reject(boom))
      .catch((error: unknown) => {
        if (error !== boom) throw error
      })
  }
}

/** The error of a call that must not be admitted. */
export async function rejection(breaker: CircuitBreaker): Promise<CircuitBreakerError> {
  let called = false
  const error: unknown = await breaker
    .execute(() => {
      called = true
    })
    .catch((reason: unknown) => reason)
  expect(called, "a rejected call is not made").toBe(false)
  return error as CircuitBreakerError
}

export interface Pending<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/** A promise that the test settles by hand. */
export function pending<T = unknown>(): Pending<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((...settle) => ([resolve, reject] = settle))
  return { promise, resolve, reject }
}

/** All counts; those not given are 0. */
export function counts(some: Partial<Counts> = {}): Counts {
  return {
    requests: 0,
    totalSuccesses: 0,
    totalFailures: 0,
    totalExclusions: 0,
    totalSlow: 0,
    consecutiveSuccesses: 0,
    consecutiveFailures: 0,
    ...some,
  }
}
