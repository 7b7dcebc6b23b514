/**
 * What a breaker asks of a store, and what a store may ask of a breaker.
 *
 * @module
 */
import type { Outcome, State } from "./core/counts.ts"
import type { Policy } from "./core/policy.ts"
import type { Permit } from "./core/record.ts"

/** Shares breakers of the same name; made by `createStore`, `localStorageStore` or `durableObjectStore`. */
export interface BreakerStore {
  /** @internal */
  link(host: StoreHost): StoreLink
}

/** The breaker, as its store sees it. */
export interface StoreHost {
  readonly name: string
  readonly policy: Policy
  readonly state: State
  /**
   * Open for so many milliseconds, having opened so often, of a period of `openFor`; or closed. Open
   * for less than none: the next call is a half-open one.
   */
  adopt(state: "open" | "closed", remaining: number, opens: number, openFor?: number): void
  /**
   * Holds calls of the closed state back from now on, as long as `wait` is a function: asked for each of
   * them, it gives the milliseconds for which that one is held back, 0 to let it through, `undefined`
   * once all may go.
   */
  holdBack(wait: (() => number | undefined) | undefined): void
  /** The store failed; the breaker goes on by its local state. */
  failed(error: unknown): void
}

/** The store, as its breaker sees it. Nothing here throws, and only `lease` is waited for. */
export interface StoreLink {
  /**
   * Whether a half-open call may be made, whatever has become of the breaker meanwhile; `undefined`
   * leaves that to the breaker: the store does not say in time, or there is nothing to ask for.
   */
  lease(permit: Permit): Promise<boolean | undefined>
  /** A call was counted. */
  settled(permit: Permit, outcome: Outcome, slow: boolean, retryAfter: number | undefined): void
  /** The breaker was opened or closed by hand. */
  forced(state: "open" | "closed"): void
}
