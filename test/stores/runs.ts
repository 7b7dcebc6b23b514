import type { Run } from "../../src/index.ts"

/** So many successes, then so many failures, then successes again, and so on. */
export function runs(...calls: readonly number[]): Run[] {
  return calls.flatMap((count, index) => (count ? [{ outcome: index % 2 ? "failure" : "success", calls: count }] : []))
}
