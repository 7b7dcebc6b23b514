/**
 * What the calls of a breaker came to since it last told the store.
 *
 * @module
 */
import type { Outcome } from "../core/counts.ts"
import type { Report } from "../core/shared.ts"

// While a store is down its breaker goes on: what is then kept for it has a bound.
const MAX_RUNS = 200
// Whoever reads a report goes through its calls, and more successes in a row than these say no more.
const MAX_RUN = 1_000

/** A report that says when its client last knew otherwise. */
export interface DatedReport extends Report {
  /** Milliseconds since the call ended that came before its first failure, when there was one. */
  readonly previousAge?: number
}

/** Collects outcomes into one {@link Report}. */
export class PendingReport {
  // Pairs of so many successes and so many failures after them.
  #runs: number[] = []
  #slow = 0
  #retryAfter: number | undefined
  #since = 0
  /** When the call before the first failure ended, and the last call of all. */
  #previousAt: number | undefined
  #lastAt: number | undefined
  /** That of the report which was taken last. */
  #takenPreviousAt: number | undefined
  readonly #window: number
  readonly #dated: boolean

  /**
   * @param window - Milliseconds after which calls are forgotten, as those who count them do; 0 for never.
   * @param dated - Whether who reads the reports wants to know how old the call before a failure is.
   */
  constructor(window: number, dated: boolean) {
    this.#window = window
    this.#dated = dated
  }

  /** Whether there is a failure among them: that is news. */
  get hasFailure(): boolean {
    return (this.#runs.at(-1) ?? 0) > 0 || this.#runs.length > 2
  }

  add(outcome: Outcome, slow: boolean, retryAfter: number | undefined): void {
    if (this.#window) this.#forget()
    const failed = outcome === "failure"
    if (this.#dated) {
      if (failed && !this.hasFailure) this.#previousAt = this.#lastAt
      this.#lastAt = Date.now()
    }
    this.#append(failed ? 0 : 1, failed ? 1 : 0)
    if (slow) this.#slow += 1
    if (failed) this.#retryAfter = retryAfter
  }

  #append(successes: number, failures: number): void {
    const runs = this.#runs
    const last = runs.length - 1
    if (last < 0 || (successes && runs[last])) {
      runs.push(successes, failures)
    } else {
      runs[last - 1] = Math.min(runs[last - 1]! + successes, MAX_RUN)
      runs[last] = Math.min(runs[last]! + failures, MAX_RUN)
    }
  }

  /** The successes of hours, counted as those of this moment, would outweigh any failures. */
  #forget(): void {
    const now = Date.now()
    if (Math.abs(now - this.#since) <= this.#window) return
    this.#since = now
    this.take()
  }

  /** All of it, as a report; it is empty afterwards. */
  take(): DatedReport {
    const report = {
      runs: this.#runs,
      slow: this.#slow,
      ...(this.#previousAt !== undefined && { previousAge: Math.max(Date.now() - this.#previousAt, 0) }),
      ...(this.#retryAfter !== undefined && { retryAfter: this.#retryAfter }),
    }
    this.#runs = []
    this.#slow = 0
    this.#takenPreviousAt = this.#previousAt
    this.#previousAt = undefined
    this.#retryAfter = undefined
    return report
  }

  /** Takes back a report that did not arrive. */
  putBack({ runs = [], slow = 0, retryAfter }: Report): void {
    const meanwhile = this.#runs
    this.#runs = [...runs]
    if (this.hasFailure) this.#previousAt = this.#takenPreviousAt
    for (let i = 0; i < meanwhile.length; i += 2) this.#append(meanwhile[i]!, meanwhile[i + 1]!)
    this.#runs = this.#runs.slice(-MAX_RUNS)
    this.#slow += slow
    this.#retryAfter ??= retryAfter
  }
}
