/**
 * The counters on which a breaker bases its decisions.
 *
 * @module
 */

/** The three states of a breaker; the words are gobreaker's. */
export type State = "closed" | "half-open" | "open"

/** All states. */
export const STATES: readonly State[] = ["closed", "half-open", "open"]

/** How a call counts: `"excluded"` is neither a success nor a failure. */
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
  /** Calls that were excluded: neither successes nor failures. */
  totalExclusions: number
  /** Successes and failures that took longer than `slowCallDuration`. */
  totalSlow: number
  /** Successes since the last failure. A rolling window does not reduce it. */
  consecutiveSuccesses: number
  /** Failures since the last success. A rolling window does not reduce it. */
  consecutiveFailures: number
}

/** Counts that are all 0. */
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
