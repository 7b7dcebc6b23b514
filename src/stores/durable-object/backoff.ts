/**
 * Pauses exchanges with an object that is overloaded or gone.
 *
 * @module
 */
import { isWaiting } from "../is-waiting.ts"

const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

/** The last failure of an object, and for how many milliseconds after it the object is left alone. */
export interface Backoff {
  readonly error: unknown
  readonly failedAt: number
  readonly wait: number
}

/** Whether the object is left alone now. */
export function isLeftAlone({ failedAt, wait }: Backoff, now: number): boolean {
  return wait > 0 && isWaiting(failedAt + wait, now, LONGEST_WAIT)
}

/**
 * What follows a failure.
 *
 * @param before - What followed the failure before it, unless an exchange has succeeded since.
 * @param asked - When the exchange began. Exchanges that were under way together count as one failure.
 */
export function backOff(before: Backoff | undefined, error: unknown, asked: number, now: number): Backoff {
  // After a clock was set back, later exchanges only seem to have begun before the last failure.
  if (before && asked < before.failedAt && before.failedAt <= now) return { ...before, error }
  // An object that was moved or updated is back at once, so the first failure alone leads to no pause,
  // unless the object was overloaded.
  const isPaused = before ?? (error as { overloaded?: unknown } | null | undefined)?.overloaded === true
  const wait = isPaused ? Math.min((before?.wait ?? 0) * 2 || FIRST_WAIT, LONGEST_WAIT) : 0
  return { error, failedAt: now, wait }
}
