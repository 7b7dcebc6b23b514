/**
 * Whether a wait until the time `until` goes on. A clock that was set back must not make it longer than it can
 * have been meant to be.
 *
 * @param longest - Milliseconds.
 */
export function isWaiting(until: number, now: number, longest: number): boolean {
  return now < until && until - now <= longest
}
