/**
 * Admits more and more calls after the breaker has closed, so that a service that has just recovered does not
 * get its full load at once.
 *
 * @module
 */
import type { Verdict } from "../core/shared.ts"

const FIRST_SHARE = 0.1

/** The share of admitted calls grows linearly from a tenth to all, in each client. */
export class Ramp {
  #closedAt: number
  readonly #length: number
  // Each call adds the present share, and each admitted call takes 1. It starts at random: otherwise the
  // first calls of many clients would all be held back.
  #credit: number

  /** @param before - The ramp that this one replaces. Its credit is taken over. */
  constructor({ elapsed, length }: NonNullable<Verdict["slowStart"]>, now: number, before?: Ramp) {
    this.#closedAt = now - elapsed
    this.#length = length
    this.#credit = before ? before.#credit : Math.random()
  }

  /** Milliseconds until the next call may be admitted, 0 for now; `undefined` once the ramp has ended. */
  holdBack(now: number): number | undefined {
    // A clock that was set back must not make the ramp longer.
    this.#closedAt = Math.min(this.#closedAt, now)
    const elapsed = now - this.#closedAt
    if (elapsed >= this.#length) return undefined
    this.#credit += FIRST_SHARE + (1 - FIRST_SHARE) * (elapsed / this.#length)
    // At random, since calls that are told the same moment would all come back in it.
    if (this.#credit < 1) return Math.max(Math.ceil(Math.random() * (this.#length - elapsed)), 1)
    this.#credit -= 1
    return 0
  }
}
