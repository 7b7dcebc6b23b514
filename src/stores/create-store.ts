/**
 * Ties a breaker to a record that it shares with others.
 *
 * The store is off the path of calls. Closed, the breaker decides by its own state and reports what its
 * calls came to behind them: failures at once, with the successes before them, one exchange at a time.
 * Only a half-open call asks first, for a lease, and waits no longer than the deadline.
 *
 * @module
 */
import { check, checkAll, FUNCTION, NUMBER, type Rule } from "../core/check.ts"
import type { Counts, Outcome } from "../core/counts.ts"
import { adopt, settle, type Transition } from "../core/machine.ts"
import type { Permit } from "../core/record.ts"
import type { Policy } from "../core/policy.ts"
import type { Report, Verdict } from "../core/shared.ts"
import { CircuitBreakerError } from "../errors.ts"
import { MAX_TIMER, TIMER } from "../settings.ts"
import { whenAborted } from "../when-aborted.ts"
import type { BreakerStore, StoreHost, StoreLink } from "../store.ts"
import { checkVerdict } from "./check-verdict.ts"
import { PendingReport } from "./pending-report.ts"
import { Ramp } from "./ramp.ts"

/**
 * Where breakers of the same name share a record: the tabs of a browser, the isolates of a Worker.
 *
 * `exchange` is all that it must have: apply the report to the record of `name`, as one step, and answer
 * with the verdict; `applyReport` does that for a record as JSON. It may throw, reject, or never answer:
 * the breaker then goes on by its local state and says so in a `"storeerror"` event. A report that it
 * rejects goes with the next one, unless the error is named "TimeoutError": that one may have arrived.
 */
export interface SharedStorage {
  /** Applies the report to the record of `name`, as one step, and answers with the verdict. */
  exchange(name: string, policy: Policy, report: Report): Verdict | Promise<Verdict>
  /**
   * Tells `changed` of verdicts that others bring about. The breaker holds on to that function: whoever
   * keeps no more than a `WeakRef` to it lets go of breakers that nobody else needs.
   */
  watch?(name: string, policy: Policy, changed: (verdict: Verdict) => void): void
  /**
   * Longest wait of a half-open call for its answer, in milliseconds.
   *
   * @defaultValue 250
   */
  readonly deadline?: number
  /**
   * After a failure was reported, how long until a success may be without another failure.
   *
   * @defaultValue 0
   */
  readonly successInterval?: number
}

const DEFAULT_DEADLINE = 250
const LONG_STREAK = 3
// While another one probes, how long until this one asks again how that went.
const ASK_AGAIN = 1_000
// By how much longer than usual a success waits that could not be told.
const PATIENTLY = 6
// What is left of an open period that is over: the very end belongs to it.
const OVER = -1

/**
 * Nobody waits for a report. One that has not been answered after so many milliseconds is taken for lost
 * with the request that sent it.
 */
export function patience(deadline: number): number {
  return Math.min(deadline * 4, MAX_TIMER)
}

const RULES: Readonly<Record<string, Rule>> = { watch: FUNCTION, deadline: TIMER, successInterval: NUMBER }

/**
 * Makes a store of anything that can hold a record.
 *
 * @throws {RangeError | TypeError} when the storage lacks `exchange`, or has something wrong besides.
 *
 * @example
 * ```ts
 * import { applyReport, CircuitBreaker, createStore } from "webbreaker"
 *
 * const records = new Map<string, unknown>()
 * const store = createStore({
 *   exchange(name, policy, report) {
 *     const { record, verdict } = applyReport(records.get(name), policy, report, Date.now())
 *     records.set(name, record)
 *     return verdict
 *   },
 * })
 * const breaker = new CircuitBreaker({ name: "billing", store })
 * ```
 */
export function createStore(storage: SharedStorage): BreakerStore {
  check("exchange", (storage as SharedStorage | undefined)?.exchange, FUNCTION)
  checkAll(storage, RULES)
  return { link: (host) => new Link(storage, host) }
}

class Link implements StoreLink {
  holdsBack = false
  readonly #storage: SharedStorage
  readonly #host: StoreHost
  /** The answers to those who asked for a lease. */
  readonly #asking = new WeakMap<Permit, Promise<Verdict | undefined>>()
  readonly #pending: PendingReport
  /** What the store has not heard, besides: it is told again with the next report. */
  #untold: Report[] = []
  /** Until when a report is taken to be under way: the request that waits for it may be gone. */
  #reportingUntil = 0
  #reports = 0
  /**
   * When a success may be reported without a failure; it ends the streak that the record has. Who is not
   * told of verdicts asks after the first call: it may be new among others who know more.
   */
  #successDue: number
  #ramp: Ramp | undefined
  #failing = false
  /** What the breaker had counted when it opened by that; the record may not agree by itself. */
  #opened: Counts | undefined
  #asked = 0
  #answered = 0
  /** Whether it is the record that holds the breaker open. */
  #adopted = false
  readonly #changed = (verdict: Verdict): void => {
    try {
      checkVerdict(verdict)
    } catch (error) {
      return this.#failed(error)
    }
    this.#adopt(verdict, ++this.#asked)
    // Others had failures: a success here ends their streak.
    if (verdict.streak) this.#askAgain(this.#successInterval)
  }

  constructor(storage: SharedStorage, host: StoreHost) {
    this.#storage = storage
    this.#host = host
    this.#pending = new PendingReport(host.policy, this.#successInterval > 0)
    this.#successDue = storage.watch ? Infinity : 0
    try {
      storage.watch?.(host.name, host.policy, this.#changed)
    } catch (error) {
      this.#failed(error)
    }
  }

  async lease(permit: Permit, signal: AbortSignal | null | undefined): Promise<Permit | undefined> {
    const interventions = this.#host.interventions()
    const verdict = await this.#inTime(this.#ask(permit), signal)
    // A lease holds though another call of this breaker was refused one, and it rests again. Without
    // an answer in time, or where there is nothing to ask for, the breaker's own state decides.
    const granted =
      interventions === this.#host.interventions() &&
      (verdict?.lease !== undefined ||
        ((!verdict || verdict.state === "closed") && permit.generation === this.#host.record.generation))
    if (granted && !signal?.aborted) return permit
    this.#giveBack(permit)
    if (signal?.aborted) throw signal.reason
    // By now the breaker knows what the others found: it rejects the call, or is closed.
    const admitted = this.#host.admit()
    if (admitted instanceof CircuitBreakerError) throw admitted
    if (!admitted?.lease) return admitted
    // Half-open still, or again. Who asked once more might do so for ever.
    this.#giveBack(admitted)
    const rejection = this.#host.reject(ASK_AGAIN)
    if (rejection) throw rejection
    return undefined
  }

  #giveBack(permit: Permit): void {
    this.#host.apply((record, policy) => settle(record, policy, permit, "excluded", false))
    this.settled(permit, "excluded", false, false)
  }

  holdBack(): number {
    const wait = this.#ramp?.holdBack(Date.now())
    this.holdsBack = wait !== undefined
    return wait ?? 0
  }

  settled(permit: Permit, outcome: Outcome, counted: boolean, slow: boolean, retryAfter?: number, change?: Transition): void {
    if (change?.from === "closed") this.#opened = change.counts
    if (change?.to === "closed") this.#forget()
    if (permit.lease) void this.#settle(permit, outcome, counted, slow, retryAfter)
    else if (counted) this.#add(outcome, slow, retryAfter)
  }

  #add(outcome: Outcome, slow: boolean, retryAfter?: number): void {
    if (outcome === "excluded") return
    this.#pending.add(outcome, slow, retryAfter)
    if (outcome === "failure" || this.#opened || this.#isSuccessDue()) void this.#report()
  }

  /** The store may not have answered yet when a half-open call ends, or may not have been asked: `allow` does not wait. */
  async #settle(permit: Permit, outcome: Outcome, counted: boolean, slow: boolean, retryAfter?: number): Promise<void> {
    const asking = this.#asking.get(permit) ?? (counted && outcome !== "excluded" ? this.#ask(permit) : undefined)
    const lease = (await asking)?.lease
    // What a lease came to matters to the others even when this breaker has moved on.
    if (lease) await this.#tell({ settle: { lease, outcome }, ...(retryAfter !== undefined && { retryAfter }) })
    // It is as good a report as any: the record may be closed.
    else if (counted) this.#add(outcome, slow, retryAfter)
  }

  #ask(permit: Permit): Promise<Verdict | undefined> {
    // A lease of its own that others take to be out would be in its way.
    this.#tellAgain(({ settle }) => settle !== undefined)
    const asking = this.#exchange({ acquire: true }, permit).then(({ verdict }) => verdict)
    this.#asking.set(permit, asking)
    return asking
  }

  get #successInterval(): number {
    return this.#storage.successInterval ?? 0
  }

  #isSuccessDue(): boolean {
    return this.#successDue < Infinity && Date.now() >= this.#successDue
  }

  forced(state: "open" | "closed"): void {
    this.#forget()
    this.#untold = []
    // Answers to what was asked before it know nothing of it.
    this.#answered = this.#asked + 1
    void this.#tell({ force: state })
  }

  /** Tells what cannot wait for a report that is under way. */
  async #tell(news: Report): Promise<void> {
    const { generation } = this.#host.record
    const { verdict, lost } = await this.#exchange(news)
    if (verdict) return
    // A lease can be settled twice. To force what others have decided since would undo it.
    if (news.settle || (!lost && generation === this.#host.record.generation)) this.#untold.push(news)
    this.#askAgain(ASK_AGAIN)
  }

  #tellAgain(isDue: (news: Report) => boolean): void {
    const due = this.#untold.filter(isDue)
    this.#untold = this.#untold.filter((news) => !due.includes(news))
    for (const news of due) void this.#tell(news)
  }

  /** One report at a time; what comes up meanwhile goes with the next. */
  async #report(): Promise<void> {
    if (Date.now() < this.#reportingUntil) return
    if (this.#reportingUntil) this.#failed(new Error("The store did not answer a report"))
    const turn = ++this.#reports
    this.#reportingUntil = Date.now() + patience(this.#storage.deadline ?? DEFAULT_DEADLINE)
    const { record } = this.#host
    this.#tellAgain(() => true)
    const pending = this.#pending.take()
    // Of an open period that is over nobody needs to know.
    const opened = record.state === "open" ? this.#opened : undefined
    this.#opened = undefined
    this.#successDue = pending.runs?.at(-1)?.outcome === "failure" ? Date.now() + this.#successInterval : Infinity
    const { verdict, lost } = await this.#exchange({ ...pending, ...(opened && { opened }) })
    // It was taken for lost, and another one is under way.
    if (turn !== this.#reports) return
    this.#reportingUntil = 0
    // Soon it will open: whoever has just failed says at once when that is over.
    if ((verdict?.streak ?? 0) >= LONG_STREAK) this.#successDue = 0
    if (!verdict) {
      this.#opened ??= opened
      if (!lost) this.#pending.putBack()
      // Perhaps it failed because so many asked.
      this.#askAgain(Math.max(this.#successInterval * PATIENTLY, ASK_AGAIN))
    } else if (this.#pending.hasFailure || this.#opened) void this.#report()
  }

  /** What failed before the breaker closed is over: told later, it would open another one. */
  #forget(): void {
    this.#pending.clear()
    this.#opened = undefined
    this.#adopted = false
    this.#untold = this.#untold.filter(({ settle }) => settle)
  }

  /** Has the next success reported that comes after `wait` milliseconds. */
  #askAgain(wait: number): void {
    this.#successDue = Math.min(this.#successDue, Date.now() + wait)
  }

  /**
   * What the store answers, once that is taken over; without a verdict when it fails, and then whether the
   * report may yet have arrived. What it does at once is done before this returns.
   */
  async #exchange(report: Report, permit?: Permit): Promise<{ readonly verdict?: Verdict; readonly lost?: boolean }> {
    const turn = ++this.#asked
    let lost = false
    try {
      const { name, policy } = this.#host
      const verdict = await this.#storage.exchange(name, policy, report)
      lost = true
      checkVerdict(verdict)
      // A storage that is full can still be read: that alone does not make it well.
      if (!report.acquire) this.#failing = false
      this.#adopt(verdict, turn, permit)
      return { verdict }
    } catch (error) {
      this.#failed(error)
      return { lost: lost || (error as Error | null)?.name === "TimeoutError" }
    }
  }

  /** Takes over a verdict, unless a question that was asked later has been answered before. */
  #adopt({ state, retryAfter, opens, openFor, lease, slowStart }: Verdict, turn: number, permit?: Permit): void {
    if (turn < this.#answered) return
    this.#answered = turn
    this.#ramp = slowStart && new Ramp(slowStart, Date.now(), this.#ramp)
    this.holdsBack = slowStart !== undefined
    if (state === "open") {
      this.#adopted = true
      this.#take("open", retryAfter, opens, openFor)
    } else if (state === "half-open") {
      const { record } = this.#host
      // A call that has ended meanwhile has said more than this.
      if (permit ? lease || permit.generation !== record.generation : record.state !== "closed") return
      this.#adopted = true
      // Others make the half-open calls: this one asks again how they went. Who has not asked yet may.
      const wait = Math.min(retryAfter || ASK_AGAIN, ASK_AGAIN, openFor || ASK_AGAIN)
      this.#take("open", permit || retryAfter ? wait : OVER, opens, openFor)
    } else if (this.#adopted) {
      this.#forget()
      this.#take("closed", 0, 0)
    }
  }

  #take(...state: [state: "open" | "closed", remaining: number, opens: number, openFor?: number]): void {
    this.#host.apply((record, policy) => adopt(record, policy, ...state))
  }

  /** What was asked, unless the deadline or an abort comes first. */
  async #inTime(asked: Promise<Verdict | undefined>, signal: AbortSignal | null | undefined): Promise<Verdict | undefined> {
    const { deadline = DEFAULT_DEADLINE } = this.#storage
    let timer: ReturnType<typeof setTimeout> | undefined
    let unfollow: (() => void) | null | undefined
    const late = new Promise<undefined>((resolve) => {
      unfollow = signal && whenAborted(signal, () => resolve(undefined))
      timer = setTimeout(() => {
        this.#failed(new Error(`The store did not answer within ${deadline} ms`))
        resolve(undefined)
      }, deadline)
    })
    const verdict = await Promise.race([asked, late])
    clearTimeout(timer)
    unfollow?.()
    return verdict
  }

  /** Once that somebody hears, not for every call while it lasts. */
  #failed(error: unknown): void {
    // Whoever made the breaker has had no time to listen yet.
    if (!this.#failing) queueMicrotask(() => (this.#failing &&= this.#host.failed(error)))
    this.#failing = true
  }
}
