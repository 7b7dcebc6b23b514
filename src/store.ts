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

/** Shares breakers of the same name; made by `createStore`, `memoryStore`, `localStorageStore`, `durableObjectStore` or `denoKvStore`. */
export interface BreakerStore {
  /** @internal */
  link(host: StoreHost): StoreLink
}

/** The breaker, as its store sees it. */
export interface StoreHost {
  readonly name: string
  readonly policy: Policy
  /** To look at. */
  readonly record: BreakerRecord
  /** Brings the record up to date, changes it, and announces that. */
  apply(change: (record: BreakerRecord, policy: Policy) => Transition | undefined): void
  /** Admits a call; `undefined` lets it through uncounted. */
  admit(): Permit | CircuitBreakerError | undefined
  /** Rejects a half-open call that others make, for so many milliseconds; `undefined` in shadow mode. */
  reject(wait: number): CircuitBreakerError | undefined
  /** How often it was opened by hand: calls that wait for a lease then are to ask once more. */
  interventions(): number
  /** The store failed; the breaker goes on by its local state. Whether anybody listens to that. */
  failed(error: unknown): boolean
}

/** The store, as its breaker sees it. Nothing here throws, and only `lease` is waited for. */
export interface StoreLink {
  /**
   * The permit for a half-open call that may be made by one of all that share the breaker; `undefined`
   * lets it through uncounted. Rejects with what the call is to reject with.
   */
  lease(permit: Permit, signal: AbortSignal | null | undefined): Promise<Permit | undefined>
  /** Whether calls of the closed state are to ask `holdBack`. */
  readonly holdsBack: boolean
  /** Milliseconds for which such a call is held back; 0 lets it through. */
  holdBack(): number
  /** A call has ended, was counted or began in a state that is over, and changed the state or not. */
  settled(permit: Permit, outcome: Outcome, counted: boolean, slow: boolean, retryAfter?: number, change?: Transition): void
  /** The breaker was opened or closed by hand. */
  forced(state: "open" | "closed"): void
}
