/**
 * The state machine for many breakers at once: a record that they share, to which each reports what
 * its calls came to, and which answers with what all of them may do.
 *
 * Whoever keeps the record, in a page's storage, in an object of its own or in a database, applies
 * {@link applyReport} to it, one report at a time. Times are wall-clock milliseconds, since the record
 * outlives every clock that starts anew; a verdict speaks of durations alone.
 *
 * @module
 */
import { isLike } from "./check.ts"
import type { Counts, Outcome, State } from "./counts.ts"
import { admit, agree, reset, retryAfter, settle, tick, trip } from "./machine.ts"
import type { Policy } from "./policy.ts"
import { createRecord, type BreakerRecord, type Permit } from "./record.ts"
import { restoreSnapshot, takeSnapshot, type BreakerSnapshot } from "./snapshot.ts"

/** Calls that ended one after the other, all in the same way. */
export interface Run {
  /** What they were. */
  readonly outcome: "success" | "failure"
  /** How many; an integer from 0. */
  readonly calls: number
  /** How many of them were slow; 0 when it is not there. */
  readonly slow?: number
  /** Milliseconds since the first of them ended; 0 when it is not there. */
  readonly age?: number
}

/** How many calls those are together. */
export function callsOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { calls }) => sum + calls, 0)
}

/** What a breaker tells the record it shares. All is optional; an empty report asks how things are. */
export interface Report {
  /** Calls of the closed state since the last report, in the order in which they ended. */
  readonly runs?: readonly Run[]
  /** Milliseconds since the call ended that came before the first failure, when there was one. */
  readonly previousAge?: number
  /** The breaker has opened by what it had counted itself, which was this. */
  readonly opened?: Counts
  /** Milliseconds for which the last failure asked to be left alone. */
  readonly retryAfter?: number
  /** Asks for a lease: the right to make one half-open call. */
  readonly acquire?: boolean
  /** A lease, and what its call came to. */
  readonly settle?: { readonly lease: string; readonly outcome: Outcome }
  /** Opened or closed by hand. */
  readonly force?: "open" | "closed"
}

/** What the shared record says. */
export interface Verdict {
  /** That of the breaker that all of them share. */
  readonly state: State
  /** Milliseconds until a lease may be had; 0 while closed. */
  readonly retryAfter: number
  /** Openings since it was last closed. */
  readonly opens: number
  /** Length of the present, else of the last, open period. */
  readonly openFor?: number
  /** Failures since the last success, while closed; 0 otherwise. */
  readonly streak?: number
  /** The lease that was asked for, when it was granted. */
  readonly lease?: string
  /** It closed `elapsed` milliseconds ago, and lets all calls through only `length` after that. */
  readonly slowStart?: { readonly elapsed: number; readonly length: number }
}

/** A shared record as JSON. */
export interface SharedRecord {
  /** Of this format. */
  readonly version: 1
  /** When it was written. */
  readonly at: number
  /** When the present state began. */
  readonly openedAt: number
  /** Length of the open period that it is in, or was in last. */
  readonly durationMs: number
  /** Half-open calls that may be under way, oldest first. */
  readonly leases: readonly { readonly lease: string; readonly at: number }[]
  /** The breaker itself. */
  readonly snapshot: BreakerSnapshot
}

/** A clock that is further behind than this makes a record one from the future. */
const CLOCK_SKEW = 1_000
/** Nothing was written before that, unless by a clock that nobody had set. */
const LONG_AGO = 1e12
/** What a {@link SharedRecord} is like; its snapshot is looked at by whoever restores it. */
const MODEL = { version: 1, at: 0, openedAt: 0, durationMs: 0, leases: [{ lease: "", at: 0 }], snapshot: {} }

/**
 * Applies a report to a record as JSON. Pure: what it returns is to be put where the record came from,
 * if nobody changed that meanwhile.
 *
 * @param value - The record; anything else stands for one that has seen nothing.
 * @param now - Milliseconds since 1970.
 */
export function applyReport(
  value: unknown,
  policy: Policy,
  report: Report,
  now: number,
): { readonly record: SharedRecord; readonly verdict: Verdict } {
  const record = decodeRecord(value, policy, now)
  const verdict = applyToRecord(record, policy, report, now)
  return { record: encodeRecord(record, policy), verdict }
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
  const { state, opens, openFor } = record
  const streak = state === "closed" ? record.counts.consecutiveFailures : 0
  return { state, opens, openFor, retryAfter: retryAfter(record, policy), ...(streak && { streak }), ...(lease && { lease }) }
}

/** How long a lease lasts. Never to lapse would be for ever: whoever had it may be gone, and nobody hears of that. */
export function leaseTime({ openFor }: BreakerRecord, { probeTimeout }: Policy): number {
  return probeTimeout || openFor
}

/**
 * Takes back leases that are older than `age`. Whoever had one may be gone with its call: that says
 * nothing about what was called.
 */
export function freeLeases(record: BreakerRecord, policy: Policy, age: number): void {
  for (const probe of record.probes ?? []) {
    if (record.now - probe.at > age) settle(record, policy, probe, "excluded", false)
  }
}

/** Gives the half-open state another name, for those who go on with it in place of one that is stuck. */
export function renew(record: BreakerRecord): void {
  const generation = record.generation + 1
  record.generation = generation
  record.permit = { ...record.permit, generation }
  record.probes = record.probes?.map((probe) => ({ ...probe, generation }))
}

/** What was reported late, of a state that is over, decides nothing. */
function applyRuns(record: BreakerRecord, policy: Policy, { runs = [], retryAfter }: Report): void {
  for (const { outcome, calls, slow = 0, age = 0 } of runs) {
    const elapsed = record.now - age - record.since
    const period = Math.floor(elapsed / policy.bucketPeriod)
    for (let i = 0; i < calls && elapsed >= 0 && record.state === "closed"; i++) {
      const permit = admit(record, policy, period) as Permit
      settle(record, policy, permit, outcome, i < slow, { retryAfter })
    }
  }
}

/** The record as JSON, at the time it was last brought up to. */
export function encodeRecord(record: BreakerRecord, policy: Policy): SharedRecord {
  const { now, since, openFor, probes = [] } = record
  const leases = probes.map(({ lease = "", at }) => ({ lease, at }))
  const snapshot = takeSnapshot(record, policy)
  return { version: 1, at: now, openedAt: since, durationMs: openFor, leases, snapshot }
}

/**
 * The record that was encoded; a new one when `value` is none: malformed, of another version, or from
 * the future, as after a clock was set back. What is left of an open period is never more than its
 * length.
 */
export function decodeRecord(value: unknown, policy: Policy, now: number): BreakerRecord {
  // It may be told of calls that ended before: they have to be within the window. Its generations are none
  // of the record's that was there before: those who hold a lease of that may go on for long.
  const fresh = createRecord(policy, Math.max(now - policy.buckets * policy.bucketPeriod, 0), Math.floor(now))
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
