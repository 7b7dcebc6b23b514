/**
 * Lets more and more calls through after the breaker has closed, so that what has just recovered is not
 * met by all of its callers at once.
 *
 * @module
 */
import type { Verdict } from "../core/shared.ts"

const FIRST_SHARE = 0.1

/** The share of calls that is let through grows evenly, from a tenth to all, and so does each client's. */
export class Ramp {
  #closedAt: number
  readonly #length: number
  // Of the next call. It starts anywhere, or the first calls of many clients would all be held back.
  #credit: number

  /** @param before - The ramp that this one is in place of: it goes on. */
  constructor({ elapsed, length }: NonNullable<Verdict["slowStart"]>, now: number, before?: Ramp) {
    this.#closedAt = now - elapsed
    this.#length = length
    this.#credit = before ? before.#credit : Math.random()
  }

  /** Milliseconds for which the next call is held back; `undefined` once the ramp is at its end. */
  holdBack(now: number): number | undefined {
    // A clock that was set back must not make it longer.
    this.#closedAt = Math.min(this.#closedAt, now)
    const elapsed = now - this.#closedAt
    if (elapsed >= this.#length) return undefined
    this.#credit += FIRST_SHARE + (1 - FIRST_SHARE) * (elapsed / this.#length)
    if (this.#credit < 1) return this.#length - elapsed
    this.#credit -= 1
    return 0
  }
}
