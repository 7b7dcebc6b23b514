/**
 * The counters a breaker decides by.
 *
 * @module
 */

/** The three states of a breaker; the words are gobreaker's. */
export type State = "closed" | "half-open" | "open"

/** All of them. */
export const STATES: readonly State[] = ["closed", "half-open", "open"]

/** What a call was: `"excluded"` is neither a success nor a failure. */
export type Outcome = "success" | "failure" | "excluded"

/**
 * Numbers of calls, all integers, since the state changed or within the window (gobreaker's `Counts`).
 *
 * `requests` counts admissions, so it includes the calls that are still under way:
 * `requests - totalSuccesses - totalFailures - totalExclusions` of them.
 */
export interface Counts {
  /** Calls admitted. */
  requests: number
  /** Calls that were successes. */
  totalSuccesses: number
  /** Calls that were failures. */
  totalFailures: number
  /** Calls that were neither. */
  totalExclusions: number
  /** Successes and failures that took longer than `slowCallDuration`. */
  totalSlow: number
  /** Successes since the last failure; a rolling window takes nothing from it. */
  consecutiveSuccesses: number
  /** Failures since the last success; a rolling window takes nothing from it. */
  consecutiveFailures: number
}

/** Counts of nothing. */
export function noCounts(): Counts {
  return {
    requests: 0,
    totalSuccesses: 0,
    totalFailures: 0,
    totalExclusions: 0,
    totalSlow: 0,
    consecutiveSuccesses: 0,
    consecutiveFailures: 0,
  }
}
