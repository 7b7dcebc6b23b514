/**
 * The outcomes of a breaker's calls since its last report to the store.
 *
 * @module
 */
import type { Policy } from "../core/policy.ts"
import { callsOf, isFailure, type Report, type Run } from "../core/shared.ts"

// While a store is down the breaker goes on, so the outcomes that are kept for the store have a bound.
const MAX_RUNS = 200
// The receiver of a report goes through its calls one by one, and refuses a report with too many.
const MAX_CALLS = 10_000
const MAX_CALLS_TOGETHER = 200_000
// Without a time window, failures that are older than this, in milliseconds, are not reported any more.
const MEMORY = 60_000
// Without buckets, a run spans at most this share of the window, or of `MEMORY`.
const SHARE = 0.1
// How many successes count as long as the failure that follows them. With two, failures that come one by one are a
// third of what is counted. With more, an outage would take more than one or two failures of each client to detect.
const WITH_FAILURE = 2

interface PendingRun extends Run {
  calls: number
  slow: number
  overtaken?: boolean
  /**
   * When the first of them ended, or the failure that renewed them; 0 for successes without a window, whose age
   * does not matter.
   */
  readonly at: number
  /** When the call before them ended, if that is reported. */
  readonly previousAt: number | undefined
  /** The wait that the last of them asked for. */
  retryAfter: number | undefined
}

/** Collects outcomes into one {@link Report}. */
export class PendingReport {
  /** Outcomes that have not been reported yet. */
  #runs: PendingRun[] = []
  /** Successes after those in `#runs`. To count them costs less than to find their run, at each call. */
  #successes = 0
  /** Outcomes whose report has not been answered. */
  #taken: PendingRun[] = []
  /** When the latest call ended; only kept when it is reported. */
  #lastAt: number | undefined
  /** Length of the policy's time window in milliseconds, after which calls are forgotten; 0 when it has none. */
  readonly #window: number
  /** The longest span of a run, in milliseconds: a single age is reported for all its calls. */
  readonly #period: number
  readonly #dated: boolean

  /**
   * @param policy - Gives the time window, if there is one.
   * @param dated - Whether the store is for many clients, which report no successes of their own accord. Then reports
   * include the age of the call before the first failure.
   */
  constructor({ interval, buckets, bucketPeriod }: Policy, dated: boolean) {
    this.#window = interval || buckets * bucketPeriod
    this.#period = bucketPeriod || (interval || MEMORY) * SHARE
    this.#dated = dated
  }

  /** Whether there is a failure or a slow call among them, which has to be reported at once. */
  get isUrgent(): boolean {
    return this.#runs.some(isUrgent)
  }

  add(outcome: Run["outcome"], slow: boolean, retryAfter: number | undefined): void {
    if (outcome === "success" && !slow && !this.#window && !this.#dated) {
      this.#successes += 1
      return
    }
    this.#collect()
    const now = Date.now()
    const isTimed = outcome === "failure" || this.#window > 0
    // The latest successes may be renewed, so as many runs stay.
    while (isTimed && this.#runs.length > WITH_FAILURE && this.#isOld(now, this.#runs[0])) this.#runs.shift()
    if (this.#window && this.#dated && (slow || outcome === "failure")) this.#renew(now)
    this.#append({ outcome, calls: 1, slow: slow ? 1 : 0, at: isTimed ? now : 0, previousAt: this.#lastAt, retryAfter })
    if (this.#dated) this.#lastAt = now
  }

  /**
   * Dates the latest successes from now, when a failure or a slow call follows them, however old they are. Clients
   * without failures report nothing: where each makes a call or so in a window, most of what is counted would be
   * failures, even at few errors. These successes stand for those that the others keep to themselves.
   */
  #renew(now: number): void {
    const latest = this.#runs.at(-1)
    let calls = 0
    for (let run = latest; run && !isUrgent(run) && calls < WITH_FAILURE; run = this.#runs.at(-1)) {
      calls += 1
      run.calls -= 1
      if (!run.calls) this.#runs.pop()
    }
    if (!latest || !calls) return
    // Those that had left the window do not end the streak of others, which may have begun since.
    const overtaken = latest.overtaken || this.#isOld(now, latest)
    this.#append({ ...latest, calls, at: now, ...(overtaken && { overtaken }) })
  }

  #collect(): void {
    const calls = Math.min(this.#successes, MAX_CALLS)
    if (calls) this.#append({ outcome: "success", calls, slow: 0, at: 0, previousAt: undefined, retryAfter: undefined })
    this.#successes = 0
  }

  #append(run: PendingRun): void {
    const runs = this.#runs
    const last = runs.at(-1)
    if (last?.outcome === run.outcome && !last.overtaken === !run.overtaken && Math.abs(run.at - last.at) < this.#period) {
      last.calls = Math.min(last.calls + run.calls, MAX_CALLS)
      last.slow = Math.min(last.slow + run.slow, MAX_CALLS)
      last.retryAfter = run.retryAfter
    } else {
      runs.push(run)
      while (runs.length > MAX_RUNS || callsOf(runs) > MAX_CALLS_TOGETHER) runs.shift()
    }
  }

  /**
   * Whether a run is dropped. Successes collected over hours would be counted as recent and outweigh any failures,
   * and failures any successes.
   */
  #isOld(now: number, run: PendingRun | undefined): boolean {
    return run !== undefined && run.at > 0 && Math.abs(now - run.at) > (this.#window || MEMORY)
  }

  /** Takes all outcomes, as a report. None are left but old successes, until a failure follows them. */
  take(): Report & { readonly runs: readonly Run[] } {
    const now = Date.now()
    this.#collect()
    const isOld = (run: PendingRun): boolean => this.#isOld(now, run)
    const runs = this.#runs.filter((run) => !isOld(run))
    this.#taken = runs
    this.#runs = this.isUrgent ? [] : this.#runs.filter(isOld)
    const failures = runs.filter(isFailure)
    const previousAt = failures[0]?.previousAt
    const retryAfter = failures.at(-1)?.retryAfter
    const ageOf = (at: number): number => Math.max(now - at, 0)
    return {
      runs: runs.map(({ outcome, calls, slow, overtaken, at }) => {
        const age = at && ageOf(at)
        return { outcome, calls, ...(slow && { slow }), ...(overtaken && { overtaken }), ...(age && { age }) }
      }),
      ...(previousAt !== undefined && { previousAge: ageOf(previousAt) }),
      ...(retryAfter !== undefined && { retryAfter }),
    }
  }

  /** Puts back what was taken last, since it did not arrive. */
  putBack(): void {
    const runs = this.#runs
    this.#runs = this.#taken
    this.#taken = []
    for (const run of runs) this.#append(run)
  }

  /** Others had failures: the successes so far must not end their streak. */
  overtaken(): void {
    this.#collect()
    for (const run of this.#runs) if (!isFailure(run)) run.overtaken = true
  }

  /** Drops all outcomes, and those that were taken last. */
  clear(): void {
    this.#runs = []
    this.#successes = 0
    this.#taken = []
  }
}

function isUrgent(run: PendingRun): boolean {
  return isFailure(run) || run.slow > 0
}
