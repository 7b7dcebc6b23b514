/**
 * A rule that weighs each call by how much likelier its outcome is from a failing origin than from a healthy
 * one. It opens when the sum of the weights, which never falls below 0, is large enough (a one-sided CUSUM
 * test).
 *
 * It is not a preset of the library, since its state belongs to one breaker and is in no snapshot. It is here
 * for comparison.
 */
import type { Preset } from "../../src/index.ts"

/** The shares of failures of a healthy and of a failing origin, and the evidence that is needed. */
export interface CumulativeSum {
  readonly healthy: number
  readonly failing: number
  /** Log-likelihood ratio of a failing to a healthy origin at which the rule opens. */
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
      // Smaller counts than before belong to a new generation.
      if (totalFailures <= failures || totalSuccesses < successes) sum = successes = failures = 0
      sum = Math.max(sum + (totalSuccesses - successes) * ofSuccess, 0) + ofFailure
      successes = totalSuccesses
      failures = totalFailures
      return sum >= evidence
    },
  }
}
