/**
 * What the calls of a breaker came to since it last told the store.
 *
 * @module
 */
import type { Outcome } from "../core/counts.ts"
import type { Report } from "../core/shared.ts"

// While a store is down its breaker goes on: what is then kept for it has a bound.
const MAX_RUNS = 200
// The first failure after a million successes must not take as long as booking them all.
const MAX_CALLS = 10_000

/** Collects outcomes into one {@link Report}. */
export class PendingReport {
  // Pairs of so many successes and so many failures after them.
  #runs: number[] = []
  #slow = 0
  #retryAfter: number | undefined

  /** Whether there is a failure among them: that is news. */
  get hasFailure(): boolean {
    return (this.#runs.at(-1) ?? 0) > 0 || this.#runs.length > 2
  }

  add(outcome: Outcome, slow: boolean, retryAfter: number | undefined): void {
    const failed = outcome === "failure"
    const last = this.#runs.length - 1
    if (last < 0 || (!failed && this.#runs[last])) this.#runs.push(failed ? 0 : 1, failed ? 1 : 0)
    else this.#runs[failed ? last : last - 1]! += 1
    if (slow) this.#slow += 1
    if (failed) this.#retryAfter = retryAfter
  }

  /** All of it, as a report; it is empty afterwards. */
  take(): Report {
    const report = {
      runs: this.#runs.map((calls) => Math.min(calls, MAX_CALLS)),
      slow: this.#slow,
      ...(this.#retryAfter !== undefined && { retryAfter: this.#retryAfter }),
    }
    this.#runs = []
    this.#slow = 0
    this.#retryAfter = undefined
    return report
  }

  /** Takes back a report that did not arrive. */
  putBack({ runs = [], slow = 0, retryAfter }: Report): void {
    this.#runs = [...runs, ...this.#runs].slice(-MAX_RUNS)
    this.#slow += slow
    this.#retryAfter ??= retryAfter
  }
}
