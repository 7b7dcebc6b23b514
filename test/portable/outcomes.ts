import type { BreakerFetch } from "../../src/index.ts"
import type { Context } from "../runtimes/suite.ts"

export interface Outcomes {
  readonly successes?: number
  readonly failures?: number
  readonly exclusions?: number
  /** Calls that are admitted and not settled. */
  readonly pending?: number
}

/** Checks the counts of the calls to one key, by default `t.origin`. Counts that are not given must be 0. */
export function outcomes(
  t: Context,
  fetch: BreakerFetch,
  { successes = 0, failures = 0, exclusions = 0, pending = 0 }: Outcomes,
  key: string = t.origin,
): void {
  const counts = fetch.breakers.get(key)?.counts
  t.deepEqual(
    counts && {
      successes: counts.totalSuccesses,
      failures: counts.totalFailures,
      exclusions: counts.totalExclusions,
      pending:
        counts.requests - counts.totalSuccesses - counts.totalFailures - counts.totalExclusions,
    },
    { successes, failures, exclusions, pending },
    "outcomes",
  )
}
