/**
 * What a breaker asks of a store, and what a store may ask of a breaker.
 *
 * @module
 */
import type { Outcome } from "./core/counts.ts"
import type { Transition } from "./core/machine.ts"
import type { Policy } from "./core/policy.ts"
import type { BreakerRecord, Permit } from "./core/record.ts"
import type { CircuitBreakerError } from "./errors.ts"

/**
 * Shares breakers of the same name. Made by `createStore`, `memoryStore`, `localStorageStore`,
 * `durableObjectStore` or `denoKvStore`.
 */
export interface BreakerStore {
  /** @internal */
  link(host: StoreHost): StoreLink
}

/** The breaker, as its store sees it. */
export interface StoreHost {
  readonly name: string
  readonly policy: Policy
  /** Read-only here. `apply` changes it. */
  readonly record: BreakerRecord
  /** Brings the record up to date, changes it, and announces that. */
  apply(change: (record: BreakerRecord, policy: Policy) => Transition | undefined): void
  /** Admits a call, or returns its rejection; `undefined` lets it through uncounted. */
  admit(): Permit | CircuitBreakerError | undefined
  /**
   * Rejects a call, since others make the half-open calls; its `retryAfter` is `wait`. `undefined` in shadow
   * mode.
   */
  reject(wait: number): CircuitBreakerError | undefined
  /** Announces that the store failed; the breaker goes on by its local state. Returns whether there was a listener for it. */
  failed(error: unknown): boolean
}

/** The store, as its breaker sees it. Nothing here throws, and calls wait only for `lease`. */
export interface StoreLink {
  /**
   * Asks for the right to make a half-open call, of which all that share the breaker have `maxRequests`.
   * Resolves to the permit of the call; `undefined` lets it through uncounted. Rejects with what the call is
   * to reject with.
   */
  lease(permit: Permit, signal: AbortSignal | null | undefined): Promise<Permit | undefined>
  /** Whether calls in the closed state have to ask `holdBack`. */
  readonly holdsBack: boolean
  /** Milliseconds until such a call may be admitted; 0 lets it through now. */
  holdBack(): number
  /**
   * A call has ended. It was `counted`, or began in a state that is over; `change` is the change of state
   * that it led to.
   */
  settled(permit: Permit, outcome: Outcome, counted: boolean, slow: boolean, retryAfter?: number, change?: Transition): void
  /** A call was rejected. It is `lapsed` if the breaker has just opened because a half-open call took too long. */
  rejected(lapsed: boolean): void
  /** The breaker was opened or closed by hand. */
  forced(state: "open" | "closed"): void
  /** The breaker is held open. */
  isolated(): void
}
