/**
 * The breaker that all isolates share, as the object keeps it.
 *
 * @module
 */
import { checkAll, NUMBER, type Rule } from "../../core/check.ts"
import { createPolicy, type MachineSettings, type Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, callsOf, decodeRecord, encodeRecord, type Report, type Run, type SharedRecord, type Verdict } from "../../core/shared.ts"
import { report as reportError } from "../../report.ts"
import { Quorum } from "./quorum.ts"

/**
 * Settings of the breaker that the fleet shares: a breaker's own, and these. Its windows and its open
 * period are those of the whole fleet, whatever each isolate has. Which calls are slow is a setting of the
 * isolates (`slowCallDuration`): a `slowCallRate` is for both.
 */
export interface BreakerObjectSettings extends MachineSettings {
  /**
   * How many isolates must have had failures, within the window or else within the streak, before it
   * opens for all; an integer from 1.
   *
   * @defaultValue 1
   */
  quorum?: number | undefined
  /**
   * How long after it has closed all calls are let through again, in milliseconds from 0. Until then it
   * is a share of them, the same in every isolate, that grows evenly from a tenth.
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
 * An object takes about 500 reports a second. When more clients than it can answer at once were told of
 * an open period, each further one is told to come back a little later than the one before.
 */
const ANSWERED_AT_ONCE = 200
const STEP = 2
const LONGEST_DETOUR = 60_000
/** By so much the ways of two reports to the object may differ, in milliseconds. */
const SLACK = 250

const RULES: Readonly<Record<string, Rule>> = {
  quorum: ["an integer from 1", (value) => Number.isInteger(value) && (value as number) >= 1],
  slowStart: NUMBER,
}

/** @throws {RangeError | TypeError} that names the setting and its value. */
export function createFleetPolicy(settings: BreakerObjectSettings): FleetPolicy {
  checkAll(settings, RULES)
  const { quorum = 1, slowStart = 0 } = settings
  return { policy: createPolicy(settings, reportError), quorum, slowStart }
}

/** The shared record in memory. Nothing here waits: reports are applied one after the other. */
export class FleetBreaker {
  readonly #policy: Policy
  readonly #slowStart: number
  readonly #record: BreakerRecord
  readonly #quorum: Quorum
  /** When the first failure of the present streak was reported, by whom, and which streak it is. */
  #streakAt = 0
  #streakBy = ""
  #streaks = 0
  #closedAt: number
  #reporter = ""
  // In the present state.
  #answers = 0

  /** @param stored - What {@link encode} gave; anything else begins anew. */
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

  /** `changed` when it is to be stored: the state is another, or half-open still after a lease was granted or settled. */
  apply(reporter: string, report: Report, now: number): { readonly verdict: Verdict; readonly changed: boolean } {
    const { state: before } = this.#record
    this.#reporter = reporter
    this.#quorum.reported(callsOf(report.runs ?? []))
    const { opened, ...told } = this.#inStreak(report, now)
    // A fixed window of one isolate says nothing of the fleet's.
    const isComparable = opened && !this.#policy.interval
    const verdict = applyToRecord(this.#record, this.#policy, isComparable ? { ...told, opened } : told, now)
    const { state } = verdict
    const changed = state !== before
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
   * When an origin goes down, each client still reports the successes that it had before. Those that are
   * older than the streak are counted, but do not end it. Nor does the failure after them lengthen it,
   * or one whose client was failing before: a client that has no failure reports nothing, so what the
   * others did since then is not known.
   */
  #inStreak(report: Report, now: number): Report {
    const { runs = [], previousAge = 0 } = report
    const first = runs.findIndex(isFailure)
    const before = first < 0 ? runs : runs.slice(0, first)
    const rest = first < 0 ? [] : runs.slice(first)
    const successes = callsOf(before)
    const record = this.#record
    const length = record.counts.consecutiveFailures
    // A clock that was set back does not make all that comes older than the streak.
    this.#streakAt = Math.min(this.#streakAt, now)
    const isOwn = !successes && this.#reporter === this.#streakBy
    const predates = !isOwn && now - previousAge < this.#streakAt - (successes ? 0 : SLACK)
    if (!length || !rest.every(isFailure) || (successes && !predates)) {
      this.#streakAt = now
      this.#streakBy = this.#reporter
      this.#streaks += 1
    } else if (rest.length && predates) {
      const { generation } = record
      if (successes) applyToRecord(record, this.#policy, { runs: before }, now)
      if (record.generation === generation) record.counts.consecutiveFailures = length - 1
      return { ...report, runs: rest }
    }
    return report
  }

  /** Those who all come back at the same moment would wait for each other, and go without a lease. */
  #spreadOut(verdict: Verdict): Verdict {
    const detour = Math.min((this.#answers - ANSWERED_AT_ONCE) * STEP, LONGEST_DETOUR)
    if (verdict.state !== "open" || detour <= 0) return verdict
    return { ...verdict, retryAfter: verdict.retryAfter + detour }
  }

  #withSlowStart(verdict: Verdict): Verdict {
    // A clock that was set back does not make it longer.
    this.#closedAt = Math.min(this.#closedAt, this.#record.now)
    const elapsed = this.#record.now - this.#closedAt
    const length = this.#slowStart
    return verdict.state === "closed" && elapsed < length ? { ...verdict, slowStart: { elapsed, length } } : verdict
  }
}

function isFailure({ outcome }: Run): boolean {
  return outcome === "failure"
}
