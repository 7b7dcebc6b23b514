/**
 * Connects a breaker to a record that it shares with others.
 *
 * Calls do not wait for the store. A closed breaker decides by its own state, and reports the outcomes of its
 * calls in the background: failures and slow calls at once, with the successes before them, one report at a time.
 * Only a half-open call asks the store first, for a lease, and waits no longer than the deadline.
 *
 * @module
 */
import { isNumber } from "../core/check.ts"
import type { Counts, Outcome } from "../core/counts.ts"
import { adopt, settle, type Transition } from "../core/machine.ts"
import type { Permit } from "../core/record.ts"
import type { Report, Verdict } from "../core/shared.ts"
import { bounded } from "../deadline.ts"
import { CircuitBreakerError } from "../errors.ts"
import { isTimeout } from "../judge.ts"
import type { BreakerStore, StoreHost, StoreLink } from "../store.ts"
import type { checkVerdict } from "./check-verdict.ts"
import { isWaiting } from "./is-waiting.ts"
import { PendingReport } from "./pending-report.ts"
import type { Ramp } from "./ramp.ts"
import { DEFAULT_DEADLINE, patience, type SharedStorage } from "./shared-storage.ts"

const LONG_STREAK = 3
// While another client makes the half-open call: how many milliseconds until this one asks for the result.
const ASK_AGAIN = 1_000
// After a report of successes has failed, the next one follows after this many times the usual interval.
const BACKOFF_FACTOR = 6
// A report that follows another runs in the request of the call that started the first. In a Worker it counts as a
// subrequest of that, and is cancelled some time after its response. So the next one waits for a call of its own.
const MAX_FOLLOWING = 8
// A bound for a store that refuses reports. Leases whose end it does not learn of lapse.
const MAX_UNTOLD = 20
// The remaining time of an open period that is over. It is negative, since the exact end still belongs to the
// period.
const PAST_END = -1

/** What only some storages need. It is handed in, so that it is left out of the bundles of the others. */
interface Parts {
  /** For a storage whose verdicts may ask for a slow start. */
  readonly slowStart?: typeof Ramp
  /** For a storage whose verdicts may be invalid. */
  readonly check?: typeof checkVerdict
}

/** Makes a store of a storage, without a check of its fields. */
export function linkTo(storage: SharedStorage, parts: Parts = {}): BreakerStore {
  return { link: (host) => new Link(storage, host, parts) }
}

class Link implements StoreLink {
  readonly #storage: SharedStorage
  readonly #host: StoreHost
  /** The answer for each permit that asked for a lease. */
  readonly #asking = new WeakMap<Permit, Promise<Verdict | undefined>>()
  readonly #pending: PendingReport
  /**
   * Other reports that did not reach the store: settled leases, and changes by hand. They are sent again with
   * the next report.
   */
  #untold: Report[] = []
  /**
   * Until this time a report is taken to be under way, and known by it. The request that waits for its answer may
   * be gone.
   */
  #reportingUntil = 0
  /**
   * From this time on, a success is reported even without a failure, to end the streak of the record. Without
   * `watch`, that is so from the first call: the breaker may be new, and the others may know more.
   */
  #successDue: number
  /** From this time on, a rejected call asks whether the record was closed. */
  #verdictDue = Infinity
  readonly #parts: Parts
  #ramp: Ramp | undefined
  #failing = false
  /** The counts by which the breaker opened. They are reported, since the record may not open by its own counts. */
  #opened: Counts | undefined
  /** How often the state was changed by hand. A call that waits for a lease meanwhile has to be admitted anew. */
  #interventions = 0
  #asked = 0
  #answered = 0
  /** Whether the breaker is open because the record is. */
  #adopted = false
  readonly #changed = (verdict: Verdict): void => {
    try {
      this.#parts.check?.(verdict)
    } catch (error) {
      return this.#failed(error)
    }
    this.#adopt(verdict, ++this.#asked)
    if (!verdict.streak) return
    // Others had failures: the next success of this breaker ends their streak, but those before it do not.
    this.#pending.overtaken()
    this.#askAgain(this.#successInterval)
  }

  constructor(storage: SharedStorage, host: StoreHost, parts: Parts) {
    this.#storage = storage
    this.#host = host
    this.#parts = parts
    this.#pending = new PendingReport(host.policy, this.#successInterval > 0)
    this.#successDue = storage.watch ? Infinity : 0
    try {
      const watching = storage.watch?.(host.name, host.policy, this.#changed)
      if (watching instanceof Promise) {
        // It may never end, and must not keep the breaker.
        const weak = new WeakRef<Link>(this)
        watching.catch((error) => {
          const link = weak.deref()
          if (link) link.#failed(error)
        })
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  async lease(permit: Permit, signal: AbortSignal | null | undefined): Promise<Permit | undefined> {
    const interventions = this.#interventions
    const deadline = this.#deadline
    // A call that waits for its store has not been made yet. It must not be given up, even by a short
    // `probeTimeout`.
    permit.at += deadline
    const verdict = await bounded(() => this.#ask(permit), signal, deadline).catch(() => {
      if (!signal?.aborted) this.#failed(new Error(`The store did not answer within ${deadline} ms`))
      return undefined
    })
    // A lease is valid even if another call of this breaker was refused one since, which opened the breaker
    // again. Without an answer in time, or when the record is closed, the breaker's own state decides.
    const granted =
      interventions === this.#interventions &&
      (verdict?.lease !== undefined ||
        ((!verdict || verdict.state === "closed") && permit.generation === this.#host.record.generation))
    if (granted && !signal?.aborted) {
      this.#host.apply((record) => {
        permit.at = record.now
        return undefined
      })
      return permit
    }
    this.#giveBack(permit)
    if (signal?.aborted) throw signal.reason
    // By now the breaker has taken over the verdict: it rejects the call, or is closed.
    const admitted = this.#host.admit()
    if (admitted instanceof CircuitBreakerError) throw admitted
    if (!admitted?.lease) return admitted
    // The breaker is still half-open, or again. Reject the call: asking once more might go on forever.
    this.#giveBack(admitted)
    const rejection = this.#host.reject(ASK_AGAIN)
    if (rejection) throw rejection
    return undefined
  }

  #giveBack(permit: Permit): void {
    this.#host.apply((record, policy) => settle(record, policy, permit, "excluded", false))
    this.settled(permit, "excluded", false, false)
  }

  get holdsBack(): boolean {
    return this.#ramp !== undefined
  }

  holdBack(): number {
    const wait = this.#ramp?.holdBack(Date.now())
    if (wait === undefined) this.#ramp = undefined
    return wait ?? 0
  }

  settled(permit: Permit, outcome: Outcome, counted: boolean, slow: boolean, wait?: number, change?: Transition): void {
    // The callers of `allow` may hand in any number, and an invalid one would make the whole report invalid.
    const retryAfter = isNumber(wait) ? wait : undefined
    if (change?.from === "closed") this.#opened = change.counts
    if (change?.to === "closed") this.#forget()
    if (permit.lease) void this.#settle(permit, outcome, counted, slow, retryAfter)
    else if (counted) this.#add(outcome, slow, retryAfter)
  }

  #add(outcome: Outcome, slow: boolean, retryAfter?: number): void {
    if (outcome === "excluded") return
    this.#pending.add(outcome, slow, retryAfter)
    if (this.#isSuccessDue() || slow || outcome === "failure" || this.#opened) void this.#report()
  }

  #isSuccessDue(): boolean {
    // The clock is not read while no success is due.
    return this.#successDue < Infinity && !isWaiting(this.#successDue, Date.now(), this.#longestWait)
  }

  /**
   * When a half-open call ends, the store may not have answered its request for a lease yet, or may not have
   * been asked: `allow` does not wait.
   */
  async #settle(permit: Permit, outcome: Outcome, counted: boolean, slow: boolean, retryAfter?: number): Promise<void> {
    const asking = this.#asking.get(permit) ?? (counted && outcome !== "excluded" ? this.#ask(permit) : undefined)
    const lease = (await asking)?.lease
    // The outcome of a lease matters to the others even when this breaker has changed its state since.
    if (lease) await this.#tell({ settle: { lease, outcome }, ...(retryAfter !== undefined && { retryAfter }) })
    // Without a lease it is reported like any other call: the record may be closed.
    else if (counted) this.#add(outcome, slow, retryAfter)
  }

  #ask(permit: Permit): Promise<Verdict | undefined> {
    // First settle the leases whose report was lost: while the record counts them, it may grant no new one. An
    // opening by hand is over by now.
    this.#untold = this.#untold.filter(({ settle }) => settle)
    this.#tellAgain()
    const asking = this.#exchange({ acquire: true }, permit).then(({ verdict }) => verdict)
    this.#asking.set(permit, asking)
    return asking
  }

  get #deadline(): number {
    return this.#storage.deadline ?? DEFAULT_DEADLINE
  }

  get #successInterval(): number {
    return this.#storage.successInterval ?? 0
  }

  /** The longest time after which a success is reported even without a failure. */
  get #longestWait(): number {
    return Math.max(Math.ceil(this.#successInterval) * BACKOFF_FACTOR, ASK_AGAIN)
  }

  /**
   * A half-open call that does not end need not be a failure of the service: the request that made it may be gone.
   * The record counts it as excluded, so others may have made another since, and closed it. Until they have, this
   * breaker stays open: the service may also be one that never answers.
   */
  rejected(lapsed: boolean): void {
    if (lapsed) this.#verdictDue = 0
    // The clock is not read while nothing is due.
    if (this.#verdictDue === Infinity || isWaiting(this.#verdictDue, Date.now(), ASK_AGAIN)) return
    this.#verdictDue = Infinity
    void this.#exchange({ acquire: false }).then(({ verdict }) => {
      if (verdict?.state === "half-open") this.#verdictDue = Date.now() + ASK_AGAIN
    })
  }

  isolated(): void {
    this.#interventions += 1
  }

  forced(state: "open" | "closed"): void {
    this.#interventions += 1
    this.#forget()
    // Answers to earlier questions do not include this change, and are ignored.
    this.#answered = this.#asked + 1
    void this.#tell({ force: state })
  }

  /** Sends what cannot wait for a report that is under way. */
  async #tell(news: Report): Promise<void> {
    const { generation } = this.#host.record
    const { verdict, lost } = await this.#exchange(news)
    if (verdict) return
    // A lease may be settled twice. A change by hand is sent again only if it cannot have arrived and the
    // state is still the same: otherwise it could undo what others have decided since.
    if (news.settle || (!lost && generation === this.#host.record.generation)) this.#untold.push(news)
    if (this.#untold.length > MAX_UNTOLD) this.#untold.shift()
    this.#askAgain(ASK_AGAIN)
  }

  #tellAgain(): void {
    const due = this.#untold
    this.#untold = []
    for (const news of due) void this.#tell(news)
  }

  /**
   * Reports the outcomes, one report at a time. Outcomes that come up meanwhile go with the next.
   *
   * @param following - How many reports this one follows without a call in between that could have started it.
   * @param again - Whether the last of them failed.
   */
  async #report(following = 0, again = false): Promise<void> {
    if (isWaiting(this.#reportingUntil, Date.now(), patience(this.#deadline))) return
    if (this.#reportingUntil) this.#failed(new Error("The store did not answer a report"))
    const until = Date.now() + patience(this.#deadline)
    this.#reportingUntil = until
    const { record } = this.#host
    this.#tellAgain()
    const pending = this.#pending.take()
    // An open period that is over need not be reported.
    const opened = record.state === "open" ? this.#opened : undefined
    this.#opened = undefined
    this.#successDue = pending.runs.at(-1)?.outcome === "failure" ? Date.now() + this.#successInterval : Infinity
    const { verdict, lost } = await this.#exchange({ ...pending, ...(opened && { opened }) })
    // This report was taken to be lost, and another one is under way.
    if (until !== this.#reportingUntil) return
    this.#reportingUntil = 0
    // The record is about to open: report the next success at once, to end the streak.
    if ((verdict?.streak ?? 0) >= LONG_STREAK) this.#successDue = 0
    if (!verdict) {
      this.#opened ??= opened
      if (!lost) this.#pending.putBack()
      // The store may have failed under load, so wait for longer.
      this.#askAgain(this.#longestWait)
      // An open breaker makes no calls that could report again later.
      if (this.#opened && !again) void this.#report(following + 1, true)
    } else if (this.#opened || this.#pending.isUrgent) {
      if (this.#opened || following < MAX_FOLLOWING) void this.#report(following + 1)
      else this.#askAgain(0)
    }
  }

  /** Drops failures from before the breaker closed: reported later, they would open another one. */
  #forget(): void {
    this.#pending.clear()
    this.#opened = undefined
    this.#adopted = false
    this.#untold = this.#untold.filter(({ settle }) => settle)
  }

  /** Reports the first success that comes after `wait` milliseconds. */
  #askAgain(wait: number): void {
    this.#successDue = Math.min(this.#successDue, Date.now() + wait)
  }

  /**
   * Sends a report, and takes over the verdict. There is no verdict when the store fails; `lost` is true then
   * if the report may have arrived all the same. The synchronous part of the storage's work is done before
   * this returns.
   */
  async #exchange(report: Report, permit?: Permit): Promise<{ readonly verdict?: Verdict; readonly lost?: boolean }> {
    const turn = ++this.#asked
    let lost = false
    try {
      const { name, policy } = this.#host
      const verdict = await this.#storage.exchange(name, policy, report)
      lost = true
      this.#parts.check?.(verdict)
      // A storage that is full can still be read, so an answer to a question does not mean that it works.
      if (report.acquire === undefined) this.#failing = false
      this.#adopt(verdict, turn, permit)
      return { verdict }
    } catch (error) {
      this.#failed(error)
      return { lost: lost || isTimeout(error) }
    }
  }

  /** Takes over a verdict, unless a later question has been answered already. */
  #adopt({ state, retryAfter, opens, openFor, lease, slowStart }: Verdict, turn: number, permit?: Permit): void {
    if (turn < this.#answered) return
    this.#answered = turn
    this.#ramp = slowStart && this.#parts.slowStart && new this.#parts.slowStart(slowStart, Date.now(), this.#ramp)
    const closed = state === "closed"
    let remaining = retryAfter
    if (closed) {
      if (!this.#adopted) return
      this.#forget()
    } else if (state === "half-open") {
      const { record } = this.#host
      // Keep the local state when a lease was granted, or when the state has changed meanwhile: that says
      // more than this verdict.
      if (permit ? lease || permit.generation !== record.generation : record.state !== "closed") return
      // Others make the half-open calls: this breaker asks for the result later. If it has not asked for a
      // lease and one is free, it may ask now.
      const wait = Math.min(retryAfter || ASK_AGAIN, ASK_AGAIN, openFor || ASK_AGAIN)
      remaining = permit || retryAfter ? wait : PAST_END
    }
    this.#adopted = !closed
    this.#host.apply((record, policy) => adopt(record, policy, closed ? "closed" : "open", remaining, opens, openFor))
  }

  /** Announces that the store failed: once while it lasts, but again until the breaker has a listener. */
  #failed(error: unknown): void {
    // In a microtask: in its constructor the breaker cannot have listeners yet.
    if (!this.#failing) queueMicrotask(() => (this.#failing &&= this.#host.failed(error)))
    this.#failing = true
  }
}
