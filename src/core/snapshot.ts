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
  const { state, generation, counts, openFor, opens, now, since, window } = record
  return structuredClone({
    version: 1,
    state,
    generation,
    counts,
    elapsed: now - since,
    remaining: state === "open" ? since + openFor - now : 0,
    openFor,
    opens,
    window: {
      length: policy.buckets,
      bucketPeriod: policy.bucketPeriod,
      age: window?.age ?? 0,
      buckets: window?.buckets.slice(window.first) ?? [],
    },
  })
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
  const { state, generation, counts, elapsed, remaining, openFor, opens, window } = structuredClone(value)
  const closed = state === "closed"
  if (closed && (window.length !== policy.buckets || window.bucketPeriod !== policy.bucketPeriod)) return record
  if (state === "half-open") counts.requests = counts.totalSuccesses + counts.totalExclusions
  const since = state === "open" ? now - openFor + Math.min(remaining, openFor) : now - elapsed
  Object.assign(record, { state, generation, counts, since, openFor, opens })
  record.permit = { ...record.permit, generation }
  record.probes = state === "half-open" ? [] : undefined
  if (!closed) record.window = undefined
  if (record.window) record.window = { age: window.age, first: 0, buckets: [...window.buckets] }
  return record
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
