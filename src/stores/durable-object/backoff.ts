/**
 * Pauses exchanges with an object that is overloaded or gone.
 *
 * @module
 */
import { isWaiting } from "../is-waiting.ts"

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/** How long exchanges with one object are paused, and why. */
export class Backoff {
  /** The last error of the object. */
  error: unknown
  #until = 0
  #failures = 0
  #failedAt = 0

  isWaiting(now: number): boolean {
    return isWaiting(this.#until, now, LONGEST_WAIT)
  }

  /** @param asked - When the exchange began. Exchanges that were under way together count as one failure. */
  failed(error: unknown, asked: number, now: number): void {
    this.error = error
    // After a clock was set back, later exchanges only seem to have begun before the last failure.
    if (asked < this.#failedAt && this.#failedAt <= now) return
    this.#failedAt = now
    // An object that was moved or updated is back at once, so the first failure alone leads to no pause,
    // unless the object was overloaded.
    const overloaded = (error as { overloaded?: unknown } | null)?.overloaded === true
    this.#failures += overloaded && this.#failures === 0 ? 2 : 1
    if (this.#failures > 1) this.#until = now + Math.min(FIRST_WAIT * 2 ** (this.#failures - 2), LONGEST_WAIT)
  }
}
