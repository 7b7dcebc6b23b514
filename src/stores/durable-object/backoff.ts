/**
 * Leaves an object alone that is overloaded or gone.
 *
 * @module
 */

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/** How long to leave one object alone, and why. */
export class Backoff {
  /** What it failed with last. */
  error: unknown
  #until = 0
  #failures = 0
  #failedAt = 0

  isWaiting(now: number): boolean {
    // A clock that was set back does not make it longer.
    return now < this.#until && this.#until - now <= LONGEST_WAIT
  }

  /** @param asked - When the exchange began: those that were under way together fail as one. */
  failed(error: unknown, asked: number, now: number): void {
    this.error = error
    if (this.#failures > 0 && asked < this.#failedAt) return
    this.#failedAt = now
    // An object that was moved or updated is back at once, so the first failure alone says little.
    const overloaded = (error as { overloaded?: unknown } | null)?.overloaded === true
    this.#failures += overloaded && this.#failures === 0 ? 2 : 1
    if (this.#failures > 1) this.#until = now + Math.min(FIRST_WAIT * 2 ** (this.#failures - 2), LONGEST_WAIT)
  }
}
