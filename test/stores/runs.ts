import type { Run } from "../../src/index.ts"

/** Runs of the given lengths: of successes, then of failures, then of successes again, and so on. */
export function runs(...calls: readonly number[]): Run[] {
  return calls.flatMap((count, index) => (count ? [{ outcome: index % 2 ? "failure" : "success", calls: count }] : []))
}
