import type { Run } from "../../src/index.ts"

/** Runs of the given lengths: of successes, then of failures, then of successes again, and so on. */
export function runs(...calls: readonly number[]): Run[] {
  return calls.flatMap((count, index) => (count ? [{ outcome: index % 2 ? "failure" : "success", calls: count }] : []))
}

/** A run of failures, the first of which was so many milliseconds ago. */
export function failuresAgo(age: number, calls: number): Run {
  return { outcome: "failure", calls, age }
}
