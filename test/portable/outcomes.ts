import type { BreakerFetch } from "../../src/index.ts"
import type { Context } from "../runtimes/suite.ts"

export interface Outcomes {
  readonly successes?: number
  readonly failures?: number
  readonly exclusions?: number
  /** Admitted and not settled. */
  readonly pending?: number
}

/** Checks how the calls to one key, by default to `t.origin`, were counted: these and no others. */
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
