/**
 * The state machine for breakers that share one record. Each breaker reports the outcomes of its calls to the
 * record, and gets back a verdict: what all of them may do.
 *
 * The record is kept in a page's storage, in an object of its own or in a database, and {@link applyReport}
 * is applied to it there, one report at a time. Its times are wall-clock milliseconds, since it outlives the
 * processes whose monotonic clocks start anew. A verdict contains only durations.
 *
 * @module
 */
import { isLike } from "./check.ts"
import type { Counts, Outcome, State } from "./counts.ts"
import { admit, agree, book, reset, retryAfter, settle, tick, trip } from "./machine.ts"
import type { Policy } from "./policy.ts"
import { createRecord, type BreakerRecord, type Permit } from "./record.ts"
import { restoreSnapshot, takeSnapshot, type BreakerSnapshot } from "./snapshot.ts"

/** Consecutive calls with the same outcome. */
export interface Run {
  /** Their outcome. */
  readonly outcome: "success" | "failure"
  /** Number of calls; an integer from 0. */
  readonly calls: number
  /** How many of them were slow; 0 by default. */
  readonly slow?: number
  /** Milliseconds since the first of them ended or, for old successes, since the failure after them; 0 by default. */
  readonly age?: number
  /** Whether they ended before the record's streak of failures began; such successes do not end it. */
  readonly overtaken?: boolean
}

/** The total number of calls in `runs`. */
export function callsOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { calls }) => sum + calls, 0)
}

/** Whether the calls of a run failed. */
export function isFailure({ outcome }: Run): boolean {
  return outcome === "failure"
}

/**
 * What a breaker reports to the record it shares. All fields are optional; an empty report only asks for the
 * verdict.
 */
export interface Report {
  /** Calls of the closed state since the last report, in the order in which they ended. */
  readonly runs?: readonly Run[]
  /** Milliseconds since the end of the call before the first failure, if there was such a call. */
  readonly previousAge?: number
  /** The counts by which the breaker has opened on its own. */
  readonly opened?: Counts
  /** The wait that the last failure asked for, in milliseconds. */
  readonly retryAfter?: number
  /** Asks for a lease: the right to make one half-open call. */
  readonly acquire?: boolean
  /** A lease, and the outcome of its call. */
  readonly settle?: { readonly lease: string; readonly outcome: Outcome }
  /** The breaker was opened or closed by hand. */
  readonly force?: "open" | "closed"
}

/** What the shared record says. */
export interface Verdict {
  /** State of the shared breaker. */
  readonly state: State
  /** Milliseconds until a lease may be granted; 0 while closed. */
  readonly retryAfter: number
  /** Openings since it was last closed. */
  readonly opens: number
  /** Length of the present open period or, when not open, of the last one. */
  readonly openFor?: number | undefined
  /** Failures since the last success, while closed; 0 otherwise. */
  readonly streak?: number | undefined
  /** The lease, if one was asked for and granted. */
  readonly lease?: string | undefined
  /**
   * Slow start: the breaker closed `elapsed` milliseconds ago, and admits all calls again `length` after it
   * closed.
   */
  readonly slowStart?: { readonly elapsed: number; readonly length: number } | undefined
}

/** A shared record as JSON. */
export interface SharedRecord {
  /** Version of this format. */
  readonly version: 1
  /** When it was written. */
  readonly at: number
  /** When the present state began. */
  readonly openedAt: number
  /** Length of the present open period or, when not open, of the last one. */
  readonly durationMs: number
  /** Half-open calls that may be under way, oldest first. */
  readonly leases: readonly { readonly lease: string; readonly at: number }[]
  /** State and counts of the breaker. */
  readonly snapshot: BreakerSnapshot
}

/** A record that is further ahead of the clock than this is taken to be from the future. */
const CLOCK_SKEW = 1_000
/** A record that is older than this, some 31 years, was written by a clock that had not been set. */
const LONG_AGO = 1e12
/** Longer than any report waits to be sent, in milliseconds. */
const HOUR = 3_600_000
/** The shape of a {@link SharedRecord}. {@link restoreSnapshot} checks the snapshot. */
const MODEL = { version: 1, at: 0, openedAt: 0, durationMs: 0, leases: [{ lease: "", at: 0 }], snapshot: {} }

/** What {@link applyReport} returns. */
export interface Applied {
  /** The record from here on. */
  readonly record: SharedRecord
  /** The answer to the report. */
  readonly verdict: Verdict
  /**
   * Whether the record has to be written. `false` when nothing has changed but the time, as when a lease is
   * refused: to write then would only make others lose their race.
   */
  readonly changed: boolean
}

/**
 * Applies a report to a record as JSON. Pure: the caller has to write a changed record back, unless the stored
 * one has changed meanwhile.
 *
 * @param value - The stored record. Anything that is not a valid record counts as a new one.
 * @param now - Milliseconds since 1970. The clocks of all that write the record have to agree to within a second.
 */
export function applyReport(value: unknown, policy: Policy, report: Report, now: number): Applied {
  const record = decodeRecord(value, policy, now)
  const { verdict, changed, text } = applyAndCompare(record, policy, report, now)
  // A new copy: Deno KV takes three times the space for a list that it has read itself.
  return { record: JSON.parse(text) as SharedRecord, verdict, changed }
}

/** Like {@link applyReport}, for a record in memory, which is changed in place. `text` is the record as JSON. */
export function applyAndCompare(
  record: BreakerRecord,
  policy: Policy,
  report: Report,
  now: number,
): Omit<Applied, "record"> & { readonly text: string } {
  applyToRecord(record, policy, {}, now)
  const before = JSON.stringify(encodeRecord(record, policy))
  const verdict = applyToRecord(record, policy, report, now)
  const text = JSON.stringify(encodeRecord(record, policy))
  return { verdict, changed: text !== before, text }
}

/** Applies a report to a record in place. */
export function applyToRecord(record: BreakerRecord, policy: Policy, report: Report, now: number): Verdict {
  tick(record, policy, now)
  if (report.force === "open") trip(record, policy)
  if (report.force === "closed") reset(record, policy)
  if (report.settle) {
    const { lease, outcome } = report.settle
    const probe = record.probes?.find((permit) => permit.lease === lease)
    if (probe) settle(record, policy, probe, outcome, false, report)
  }
  applyRuns(record, policy, report)
  if (report.opened) agree(record, policy, report.opened, report)
  let lease: string | undefined
  if (report.acquire) {
    freeLeases(record, policy, leaseTime(record, policy))
    const permit = record.state === "half-open" ? admit(record, policy) : undefined
    if (typeof permit === "object") lease = permit.lease
  }
  const { state, opens, openFor, counts: { consecutiveFailures: streak } } = record
  return { state, opens, openFor, retryAfter: retryAfter(record, policy), ...(streak && { streak }), ...(lease && { lease }) }
}

/**
 * How long a lease lasts. It ends even with a `probeTimeout` of 0: a holder that is gone without notice would
 * keep it forever.
 */
export function leaseTime({ openFor }: BreakerRecord, { probeTimeout }: Policy): number {
  return probeTimeout || openFor
}

/**
 * Takes back leases that are older than `age`. Their calls are excluded: a holder that is gone says nothing
 * about the service it called.
 */
export function freeLeases(record: BreakerRecord, policy: Policy, age: number): void {
  const isOver = ({ at }: Permit): boolean => record.now - at > age
  const over = record.probes?.filter(isOver) ?? []
  // Not one at a time: a malformed record may hold any number.
  record.probes = record.probes?.filter((probe) => !isOver(probe))
  for (const probe of over) book(record, policy, probe, "excluded", false)
}

/** Gives the half-open state a new generation, so that another client can continue it when the first one is stuck. */
export function renew(record: BreakerRecord, generation: number): void {
  record.generation = generation
  record.permit = { ...record.permit, generation }
  record.probes = record.probes?.map((probe) => ({ ...probe, generation }))
}

/** Counts the reported calls, except those that ended before the present state began. */
function applyRuns(record: BreakerRecord, policy: Policy, { runs = [], retryAfter }: Report): void {
  // Each run tells when it ended: that is the period in which its calls stay.
  const dated = { ...policy, atEnd: false }
  for (const { outcome, calls, slow = 0, age = 0, overtaken } of runs) {
    const { counts } = record
    const { consecutiveFailures } = counts
    const elapsed = record.now - age - record.since
    const period = Math.floor(elapsed / policy.bucketPeriod)
    for (let i = 0; i < calls && elapsed >= 0 && record.state === "closed"; i++) {
      const permit = admit(record, dated, period) as Permit
      settle(record, dated, permit, outcome, i < slow, { retryAfter })
    }
    if (overtaken && consecutiveFailures) Object.assign(counts, { consecutiveFailures, consecutiveSuccesses: 0 })
  }
}

/** The record as JSON, as of its last {@link tick}. */
export function encodeRecord(record: BreakerRecord, policy: Policy): SharedRecord {
  const { now, since, openFor, probes = [] } = record
  const leases = probes.map(({ lease = "", at }) => ({ lease, at }))
  const snapshot = takeSnapshot(record, policy)
  return { version: 1, at: now, openedAt: since, durationMs: openFor, leases, snapshot }
}

/**
 * Restores an encoded record. Returns a new one when `value` is malformed, of another version, or from the
 * future, as after a clock was set back. The remaining time of an open period is never more than its length.
 */
export function decodeRecord(value: unknown, policy: Policy, now: number): BreakerRecord {
  // The new record begins one window ago, or long ago, since reports may contain calls that ended before now. A fixed
  // window begins only a little ago, since it ends as much sooner. The generation comes from the clock, so that it
  // differs from those of an earlier record, whose leases may still be held.
  const { interval, buckets, bucketPeriod } = policy
  const past = interval / 10 || buckets * bucketPeriod || HOUR
  const fresh = createRecord(policy, Math.max(now - past, 0), generationAt(now))
  if (!isLike(value, MODEL) || value.version !== MODEL.version) return fresh
  const { at, openedAt, durationMs: openFor, leases, snapshot } = value
  if (Math.max(at, openedAt) > now + CLOCK_SKEW || at < now - LONG_AGO) return fresh
  const elapsed = Math.max(at - openedAt, 0)
  const record = restoreSnapshot({ ...snapshot, elapsed, openFor, remaining: Math.max(openFor - elapsed, 0) }, policy, at, fresh)
  if (record.probes) {
    record.counts.requests += leases.length
    record.probes = leases.map((probe) => ({ ...record.permit, lease: probe.lease, at: Math.min(probe.at, at) }))
  }
  return record
}

/** Seconds, as a number that engines keep without a box of its own: all breakers would pay for another. */
function generationAt(now: number): number {
  return Math.floor(now / 1_000) % 2 ** 30
}
