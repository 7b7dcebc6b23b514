/**
 * A record as JSON, and back.
 *
 * A clock's readings mean nothing elsewhere, so a snapshot speaks of durations alone. Whatever is
 * read back is checked, since it may come from another version, another program or a broken disk.
 *
 * @module
 */
import { isNumber } from "./check.ts"
import { noCounts, type Counts, type State } from "./counts.ts"
import type { Policy } from "./policy.ts"
import { createRecord, type BreakerRecord } from "./record.ts"
import type { Bucket } from "./window.ts"

/** The state of a breaker at one moment, as plain JSON; all times are durations in milliseconds. */
export interface BreakerSnapshot {
  readonly version: 1
  readonly state: State
  readonly generation: number
  readonly counts: Counts
  /** Since the window (closed) or the open period began. */
  readonly elapsed: number
  /** What is left of the open period; 0 in the other states. */
  readonly remaining: number
  /** Length of the present, else of the last, open period. */
  readonly openFor: number
  /** Openings since the breaker was last closed. */
  readonly opens: number
  /** The rolling window: its cut, where it stands, and what is in it, oldest first. */
  readonly window: {
    readonly length: number
    readonly bucketPeriod: number
    readonly age: number
    readonly buckets: readonly Bucket[]
  }
}

/** The record as it stands; bring it up to date with `tick` first. */
export function takeSnapshot(record: BreakerRecord, policy: Policy): BreakerSnapshot {
  const { state, generation, counts, openFor, opens, now, since, rolling } = record
  const { buckets: length, bucketPeriod } = policy
  return {
    version: 1,
    state,
    generation,
    counts: { ...counts },
    elapsed: now - since,
    remaining: state === "open" ? since + openFor - now : 0,
    openFor,
    opens,
    window: { length, bucketPeriod, age: rolling?.age ?? 0, buckets: copy(rolling?.buckets.slice(rolling.first)) },
  }
}

/**
 * The record that goes on from a snapshot at `now`; a new one when `value` is no snapshot of this
 * version. An open period has what remained of it. Calls that were under way are not: their
 * half-open slots are free again. Counts of a window that was cut otherwise are dropped.
 */
export function restoreSnapshot(value: unknown, policy: Policy, now: number): BreakerRecord {
  const record = createRecord(policy, now)
  if (value === undefined) return record
  if (!isLike(value, takeSnapshot(record, policy)) || value.version !== 1 || !STATES.includes(value.state)) return record
  const { state, generation, counts, elapsed, remaining, openFor, opens, window: from } = value
  const closed = state === "closed"
  if (closed && (from.length !== policy.buckets || from.bucketPeriod !== policy.bucketPeriod)) return record
  record.state = state
  record.generation = generation
  record.permit = { ...record.permit, generation }
  record.counts = { ...counts }
  if (state === "half-open") record.counts.requests = counts.totalSuccesses + counts.totalExclusions
  record.since = state === "open" ? now - openFor + Math.min(remaining, openFor) : now - elapsed
  record.openFor = openFor
  record.opens = opens
  record.probes = state === "half-open" ? [] : undefined
  record.rolling = closed && record.rolling ? { age: from.age, first: 0, buckets: copy(from.buckets) } : undefined
  return record
}

function copy(buckets: readonly Bucket[] = []): Bucket[] {
  return buckets.map((bucket) => ({ ...bucket }))
}

const STATES: readonly State[] = ["closed", "half-open", "open"]

/** Whether `value` has all that `model` has, of the same types; numbers finite and not negative. */
function isLike<T>(value: unknown, model: T): value is T {
  if (typeof model === "number") return isNumber(value)
  if (typeof model !== "object" || typeof value !== "object" || value === null) return typeof value === typeof model
  if (Array.isArray(value)) return Array.isArray(model) && value.every((bucket) => isLike(bucket, NO_CALLS))
  return Object.entries(model as object).every(([key, part]) => isLike(value[key as keyof typeof value], part))
}

const NO_CALLS: Bucket = { age: 0, ...noCounts() }
