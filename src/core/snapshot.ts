/**
 * A record as JSON, and back.
 *
 * A clock's readings mean nothing elsewhere, so a snapshot speaks of durations alone. Whatever is
 * read back is checked, since it may come from another version, another program or a broken disk.
 *
 * @module
 */
import { isLike } from "./check.ts"
import { noCounts, STATES, type Counts, type State } from "./counts.ts"
import type { Policy } from "./policy.ts"
import { createRecord, newGeneration, type BreakerRecord } from "./record.ts"
import { add, FAILED, push, SLOW, tally, type Bucket } from "./window.ts"

/** The state of a breaker at one moment, as plain JSON; all times are durations in milliseconds. */
export interface BreakerSnapshot {
  /** Of this format. */
  readonly version: 1
  /** The state, as if nobody held the breaker open. */
  readonly state: State
  /** How often the counts have begun anew. */
  readonly generation: number
  /** Those of the present generation. */
  readonly counts: Counts
  /** Since the window (closed) or the open period began. */
  readonly elapsed: number
  /** What is left of the open period; 0 in the other states. */
  readonly remaining: number
  /** Length of the present, else of the last, open period. */
  readonly openFor: number
  /** Openings since the breaker was last closed. */
  readonly opens: number
  /** The rolling window: how it is cut, where it stands, and what is in it, oldest first. */
  readonly window: {
    readonly bucketPeriod: number
    readonly length: number
    readonly age: number
    readonly buckets: readonly Bucket[]
    /** Settled calls of a `windowSize`: 1 for a failure, plus 2 for a slow call. */
    readonly calls: readonly number[]
  }
}

/** The record as it stands; bring it up to date with `tick` first. */
export function takeSnapshot(record: BreakerRecord, policy: Policy): BreakerSnapshot {
  const { state, generation, counts, openFor, opens, now, since, time, calls } = record
  const { bucketPeriod, buckets, windowSize } = policy
  return {
    version: 1,
    state,
    generation,
    counts: { ...counts },
    elapsed: now - since,
    remaining: state === "open" ? Math.max(since + openFor - now, 0) : 0,
    openFor,
    opens,
    window: {
      bucketPeriod,
      length: buckets + windowSize,
      age: time?.age ?? 0,
      buckets: copy(time?.buckets.slice(time.first)),
      calls: calls ? [...calls.calls.slice(calls.next), ...calls.calls.slice(0, calls.next)] : [],
    },
  }
}

/**
 * The record that goes on from a snapshot at `now`; `record`, a new one, when `value` is no snapshot of
 * this version. An open period has what remained of it. Calls that were under way are not: their
 * half-open slots are free again. Counts of a window that was cut otherwise are dropped.
 */
export function restoreSnapshot(
  value: unknown,
  policy: Policy,
  now: number,
  record: BreakerRecord = createRecord(policy, now),
): BreakerRecord {
  if (value === undefined) return record
  const fresh = takeSnapshot(record, policy)
  if (!isSnapshot(value, fresh)) return record
  const { state, generation, elapsed, remaining, openFor, opens, window: from } = value
  const { bucketPeriod, length } = fresh.window
  if (state === "closed" && (from.length !== length || from.bucketPeriod !== bucketPeriod)) return record
  Object.assign(record, { state, generation: generation - 1, now, openFor, opens })
  newGeneration(record, policy, now - (state === "open" ? openFor - Math.min(remaining, openFor) : elapsed))
  fill(record, policy, value)
  return record
}

/**
 * Fills in the counts. The totals of a window are those of what is in it, whatever the snapshot says:
 * others would never leave it, or leave less than nothing behind.
 */
function fill(record: BreakerRecord, policy: Policy, { elapsed, counts: past, window: from }: BreakerSnapshot): void {
  const { counts, time, calls } = record
  const { totalSuccesses, totalExclusions, consecutiveSuccesses, consecutiveFailures } = past
  if (time) {
    time.age = Math.floor(elapsed / policy.bucketPeriod)
    time.buckets = copy(from.buckets).filter(({ age }) => age <= time.age)
    for (const bucket of time.buckets) add(counts, bucket, 1)
  } else if (calls) {
    // Those under way besides would never leave it.
    counts.requests = from.calls.length
    for (const call of from.calls) {
      tally(counts, call & FAILED ? "failure" : "success", (call & SLOW) > 0)
      push(calls, counts, (call & FAILED) > 0, (call & SLOW) > 0, policy.windowSize)
    }
  } else {
    Object.assign(counts, past)
  }
  Object.assign(counts, { consecutiveSuccesses, consecutiveFailures })
  if (record.probes) {
    // As many successes as would have closed it leave no call to close it, if settings have changed.
    const successes = Math.min(totalSuccesses, policy.maxRequests - 1)
    Object.assign(counts, { requests: successes + totalExclusions, totalSuccesses: successes, consecutiveSuccesses: successes })
  }
}

function copy(buckets: readonly Bucket[] = []): Bucket[] {
  return buckets.map((bucket) => ({ ...bucket }))
}

function isSnapshot(value: unknown, fresh: BreakerSnapshot): value is BreakerSnapshot {
  const lists = { buckets: [{ age: 0, ...noCounts() }], calls: [0] }
  return (
    isLike(value, { ...fresh, window: { ...fresh.window, ...lists } }) &&
    value.version === fresh.version &&
    STATES.includes(value.state) &&
    value.window.calls.length <= value.window.length
  )
}
