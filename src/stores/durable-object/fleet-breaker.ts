/**
 * The breaker that all isolates share, in the memory of the object.
 *
 * @module
 */
import { checkAll, COUNT, NUMBER, type Rule } from "../../core/check.ts"
import { createPolicy, type MachineSettings, type Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, callsOf, decodeRecord, encodeRecord, isFailure, type Report, type SharedRecord, type Verdict } from "../../core/shared.ts"
import { report as reportError } from "../../report.ts"
import { Quorum } from "./quorum.ts"

/**
 * Settings of the breaker that the fleet shares: those of the state machine, and these. Its windows and its
 * open period apply to the whole fleet, whatever the settings of each isolate.
 *
 * Give the isolates the same rule and the same `maxRequests`. If their own rule opens sooner, as the default does
 * before a rate, a few isolates report too few failures for the object ever to open. With a lower `maxRequests` they
 * close before the object does, and several times too many calls reach the origin. Which calls are slow is for the
 * isolates to measure (`slowCallDuration`).
 *
 * Take a rate `within` a time: one over the `last` calls also counts an isolate's successes from long before its first
 * failure, and is slow to open. Where each isolate makes a call or so in a window, `consecutiveFailures` opens soonest.
 */
export interface BreakerObjectSettings extends MachineSettings {
  /**
   * How many isolates must have had failures, within the window or, without one, within the streak, before
   * the breaker opens for all; an integer from 1.
   *
   * @defaultValue 1
   */
  quorum?: number | undefined
  /**
   * The time from the closing of the breaker until all calls are admitted again, in milliseconds, from 0.
   * Until then every isolate admits the same share of its calls, which grows linearly from a tenth.
   *
   * @defaultValue 0
   */
  slowStart?: number | undefined
}

/** {@link BreakerObjectSettings}, checked. */
export interface FleetPolicy {
  readonly policy: Policy
  readonly quorum: number
  readonly slowStart: number
}

interface Stored {
  readonly record: SharedRecord
  readonly closedAt: number
}

/**
 * An object handles about 500 reports a second. Once it has told so many clients of an open period, it tells
 * each further one to come back a little later than the one before, by `STEP` milliseconds.
 */
const ANSWERED_AT_ONCE = 200
const STEP = 2
const LONGEST_DETOUR = 60_000
/** How much the times that two reports take to reach the object may differ, in milliseconds. */
const SLACK = 250

const RULES: Readonly<Record<string, Rule>> = {
  quorum: COUNT,
  slowStart: NUMBER,
}

/** @throws {RangeError | TypeError} that names the setting and its value. */
export function createFleetPolicy(settings: BreakerObjectSettings): FleetPolicy {
  checkAll(settings, RULES)
  const { quorum = 1, slowStart = 0 } = settings
  return { policy: createPolicy(settings, reportError), quorum, slowStart }
}

/** The shared record in memory. Nothing here is asynchronous, so reports are applied one after the other. */
export class FleetBreaker {
  readonly #policy: Policy
  readonly #slowStart: number
  readonly #record: BreakerRecord
  readonly #quorum: Quorum
  /** When the first failure of the present streak was reported, by which isolate, and the number of the streak. */
  #streakAt = 0
  #streakBy = ""
  #streaks = 0
  #closedAt: number
  #reporter = ""
  // Number of answers given in the present state.
  #answers = 0

  /** @param stored - A result of {@link encode}; anything else begins anew. */
  constructor({ policy, quorum, slowStart }: FleetPolicy, stored: unknown, now: number) {
    const { record, closedAt } = (stored ?? {}) as Partial<Stored>
    this.#quorum = new Quorum(quorum, policy)
    this.#slowStart = slowStart
    this.#policy = {
      ...policy,
      readyToTrip: (counts) => {
        const { generation, now } = this.#record
        return this.#quorum.isReached(this.#reporter, generation, this.#streaks, now) && policy.readyToTrip(counts)
      },
    }
    this.#record = decodeRecord(record, this.#policy, now)
    this.#closedAt = typeof closedAt === "number" ? closedAt : -Infinity
  }

  /**
   * `changed` tells that the breaker has to be stored: its state has changed, or a lease was granted or
   * settled while it stays half-open.
   */
  apply(reporter: string, report: Report, now: number): { readonly verdict: Verdict; readonly changed: boolean } {
    const { state: before, generation } = this.#record
    this.#reporter = reporter
    this.#quorum.reported(callsOf(report.runs ?? []))
    const { opened, ...told } = this.#inStreak(report, now)
    // The fixed window of one isolate says nothing about that of the fleet.
    const isComparable = opened && !this.#policy.interval
    const verdict = applyToRecord(this.#record, this.#policy, isComparable ? { ...told, opened } : told, now)
    const { state } = verdict
    // An open period may be followed by another within one report: a `trip()` that comes after its end.
    const reopened = state === "open" && generation !== this.#record.generation
    const changed = state !== before || reopened
    if (changed && state === "closed") this.#closedAt = this.#record.now
    this.#answers = changed ? 1 : this.#answers + 1
    const answer = this.#spreadOut(this.#withSlowStart(verdict))
    const isLeased = state === "half-open" && (verdict.lease !== undefined || report.settle !== undefined)
    return { verdict: answer, changed: changed || isLeased }
  }

  encode(): Stored {
    return { record: encodeRecord(this.#record, this.#policy), closedAt: this.#closedAt }
  }

  /**
   * Keeps old successes from ending a streak: when an origin goes down, each client still reports the
   * successes that it had before. Successes that are older than the streak are counted, but do not end it.
   * The failure after them does not lengthen it either, nor does a failure of another client whose previous
   * call ended before the streak began. Clients without failures report nothing, so whether others had
   * successes in between is not known.
   */
  #inStreak(report: Report, now: number): Report {
    const { runs = [], previousAge = 0 } = report
    const first = runs.findIndex(isFailure)
    if (first < 0) return report
    const before = runs.slice(0, first)
    const rest = runs.slice(first)
    const successes = callsOf(before)
    const record = this.#record
    const length = record.counts.consecutiveFailures
    // After a clock was set back, later reports must not all seem older than the streak.
    this.#streakAt = Math.min(this.#streakAt, now)
    const isOwn = !successes && this.#reporter === this.#streakBy
    const predates = !isOwn && now - previousAge < this.#streakAt - (successes ? 0 : SLACK)
    if (!length || !rest.every(isFailure) || (successes && !predates)) {
      this.#streakAt = now
      this.#streakBy = this.#reporter
      this.#streaks += 1
    } else if (predates) {
      // Unless they are from before the present state, and will not be counted.
      if (rest.some(({ age = 0 }) => now - age >= record.since)) record.counts.consecutiveFailures -= 1
      return { ...report, runs: [...before.map((run) => ({ ...run, overtaken: true })), ...rest] }
    }
    return report
  }

  /**
   * Spreads the return of many clients. If all came back at the same moment, they would wait for each other,
   * and make their calls without a lease.
   */
  #spreadOut(verdict: Verdict): Verdict {
    const detour = Math.min((this.#answers - ANSWERED_AT_ONCE) * STEP, LONGEST_DETOUR)
    if (verdict.state !== "open" || detour <= 0) return verdict
    return { ...verdict, retryAfter: verdict.retryAfter + detour }
  }

  #withSlowStart(verdict: Verdict): Verdict {
    // After a clock was set back, when the breaker closed is unknown.
    if (this.#closedAt > this.#record.now) this.#closedAt = -Infinity
    const elapsed = this.#record.now - this.#closedAt
    const length = this.#slowStart
    return verdict.state === "closed" && elapsed < length ? { ...verdict, slowStart: { elapsed, length } } : verdict
  }
}
