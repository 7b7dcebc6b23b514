/**
 * A rule that weighs each call: how much likelier it is of an origin that fails than of a healthy one. It
 * opens when the sum of that, which never falls below none, is large enough (a one-sided CUSUM test).
 *
 * Not a preset of the library: what it remembers belongs to one breaker, and is in no snapshot. It is here
 * to be compared.
 */
import type { Preset } from "../../src/index.ts"

/** What is taken for healthy and for failing, as shares of failures, and how sure to be. */
export interface CumulativeSum {
  readonly healthy: number
  readonly failing: number
  /** Logarithm of how much likelier it must be that the origin fails. */
  readonly evidence: number
}

/** For one breaker without a window. */
export function cumulativeSum({ healthy, failing, evidence }: CumulativeSum): Preset {
  const ofFailure = Math.log(failing / healthy)
  const ofSuccess = Math.log((1 - failing) / (1 - healthy))
  let sum = 0
  let successes = 0
  let failures = 0
  return {
    readyToTrip: ({ totalSuccesses, totalFailures }) => {
      // Counts that have shrunk are of another generation.
      if (totalFailures <= failures || totalSuccesses < successes) sum = successes = failures = 0
      sum = Math.max(sum + (totalSuccesses - successes) * ofSuccess, 0) + ofFailure
      successes = totalSuccesses
      failures = totalFailures
      return sum >= evidence
    },
  }
}
