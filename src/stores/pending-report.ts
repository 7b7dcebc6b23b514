/**
 * The outcomes of a breaker's calls since its last report to the store.
 *
 * @module
 */
import type { Policy } from "../core/policy.ts"
import { callsOf, type Report, type Run } from "../core/shared.ts"

// While a store is down the breaker goes on, so the outcomes that are kept for the store have a bound.
const MAX_RUNS = 200
// The receiver of a report goes through its calls one by one, and refuses a report with too many.
const MAX_CALLS = 10_000
const MAX_CALLS_TOGETHER = 200_000
// Without a time window, failures that are older than this, in milliseconds, are not reported any more.
const MEMORY = 60_000
// Without buckets, a run spans at most this share of the window, or of `MEMORY`.
const SHARE = 0.1

interface PendingRun extends Run {
  calls: number
  slow: number
  overtaken?: boolean
  /** When the first of them ended; 0 for successes without a window, whose age does not matter. */
  readonly at: number
}

/** Outcomes that have not been reported yet, or whose report has not been answered. */
interface Pending {
  runs: PendingRun[]
  /** When the call before the first failure ended. */
  previousAt?: number | undefined
  retryAfter?: number | undefined
}

const nothing = (): Pending => ({ runs: [] })

/** Collects outcomes into one {@link Report}. */
export class PendingReport {
  #pending = nothing()
  /** Successes after those in `#pending`. To count them costs less than to find their run, at each call. */
  #successes = 0
  #taken = nothing()
  /** When the latest call ended. */
  #lastAt: number | undefined
  /** Length of the policy's time window in milliseconds, after which calls are forgotten; 0 when it has none. */
  readonly #window: number
  /** The longest span of a run, in milliseconds: a single age is reported for all its calls. */
  readonly #period: number
  readonly #dated: boolean

  /**
   * @param policy - Gives the time window, if there is one.
   * @param dated - Whether reports include the age of the call before the first failure.
   */
  constructor({ interval, buckets, bucketPeriod }: Policy, dated: boolean) {
    this.#window = interval || buckets * bucketPeriod
    this.#period = bucketPeriod || (interval || MEMORY) * SHARE
    this.#dated = dated
  }

  /** Whether there is a failure among them, which has to be reported at once. */
  get hasFailure(): boolean {
    return hasFailure(this.#pending)
  }

  add(outcome: Run["outcome"], slow: boolean, retryAfter: number | undefined): void {
    if (outcome === "success" && !slow && !this.#window && !this.#dated) {
      this.#successes += 1
      return
    }
    this.#collect()
    const pending = this.#pending
    const failed = outcome === "failure"
    const isTimed = failed || this.#window > 0
    const now = isTimed || this.#dated ? Date.now() : 0
    if (isTimed && this.#isOld(now, pending.runs[0])) this.#forget(now)
    if (this.#dated) {
      if (failed && !this.hasFailure) pending.previousAt = this.#lastAt
      this.#lastAt = now
    }
    if (failed) pending.retryAfter = retryAfter
    this.#append({ outcome, calls: 1, slow: slow ? 1 : 0, at: isTimed ? now : 0 })
  }

  #collect(): void {
    if (this.#successes) this.#append({ outcome: "success", calls: Math.min(this.#successes, MAX_CALLS), slow: 0, at: 0 })
    this.#successes = 0
  }

  #append(run: PendingRun): void {
    const { runs } = this.#pending
    const last = runs.at(-1)
    if (last?.outcome === run.outcome && !last.overtaken === !run.overtaken && run.at - last.at < this.#period) {
      last.calls = Math.min(last.calls + run.calls, MAX_CALLS)
      last.slow = Math.min(last.slow + run.slow, MAX_CALLS)
    } else {
      runs.push(run)
      while (runs.length > MAX_RUNS || callsOf(runs) > MAX_CALLS_TOGETHER) runs.shift()
    }
  }

  /**
   * Drops old outcomes. Successes collected over hours would be counted as recent and outweigh any failures,
   * and failures any successes.
   */
  #forget(now: number): void {
    this.#pending.runs = this.#pending.runs.filter((run) => !this.#isOld(now, run))
  }

  #isOld(now: number, run: PendingRun | undefined): boolean {
    return run !== undefined && run.at > 0 && Math.abs(now - run.at) > (this.#window || MEMORY)
  }

  /** Takes all outcomes, as a report. None are left. */
  take(): Report & { readonly runs: readonly Run[] } {
    const now = Date.now()
    this.#collect()
    this.#forget(now)
    const { runs, previousAt, retryAfter } = this.#pending
    this.#taken = this.#pending
    this.#pending = nothing()
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
    const { runs, previousAt, retryAfter } = this.#pending
    const taken = this.#taken
    const pending = hasFailure(taken) ? taken : { ...taken, previousAt }
    this.#pending = { ...pending, retryAfter: retryAfter ?? taken.retryAfter }
    this.#taken = nothing()
    for (const run of runs) this.#append(run)
  }

  /** Others had failures: the successes so far must not end their streak. */
  overtaken(): void {
    this.#collect()
    for (const run of this.#pending.runs) if (run.outcome === "success") run.overtaken = true
  }

  /** Drops all outcomes, and those that were taken last. */
  clear(): void {
    this.#pending = nothing()
    this.#successes = 0
    this.#taken = nothing()
  }
}

function hasFailure({ runs }: Pending): boolean {
  return runs.some(({ outcome }) => outcome === "failure")
}
