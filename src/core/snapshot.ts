/**
 * A record as JSON, and back.
 *
 * A reading of a monotonic clock means nothing in another process, so a snapshot contains only durations. A
 * snapshot that is read back is checked, since it may come from another version, another program or a broken
 * disk.
 *
 * @module
 */
import { isLike } from "./check.ts"
import { STATES, type Counts, type State } from "./counts.ts"
import type { Policy } from "./policy.ts"
import { createRecord, newGeneration, type BreakerRecord } from "./record.ts"
import { add, push, type Bucket } from "./window.ts"

/** The state of a breaker at one moment, as plain JSON; all times are durations in milliseconds. */
export interface BreakerSnapshot {
  /** Version of this format. */
  readonly version: 1
  /** The state, without regard to `isolate()`. */
  readonly state: State
  /** Grows by one each time the counts start anew. */
  readonly generation: number
  /** Counts of the present generation. */
  readonly counts: Counts
  /** Time since the present state, or its fixed window, began. */
  readonly elapsed: number
  /** Remaining time of the open period; 0 in the other states. */
  readonly remaining: number
  /** Length of the present open period or, when not open, of the last one. */
  readonly openFor: number
  /** Openings since the breaker was last closed. */
  readonly opens: number
  /** The rolling window: its division, its position and its contents, oldest first. */
  readonly window: {
    readonly bucketPeriod: number
    readonly length: number
    readonly age: number
    readonly buckets: readonly Bucket[]
    /** Settled calls of a `windowSize`, each a sum: 1 if it failed, plus 2 if it was slow. */
    readonly calls: readonly number[]
  }
}

/** A snapshot of the record. Bring the record up to date with `tick` first. */
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
 * A record that continues from a snapshot at `now`; a new one when `value` is not a snapshot of this version. An
 * open period continues for its remaining time. Calls that were under way are not restored: their half-open slots
 * are free again. A closed breaker whose window is divided differently starts anew.
 *
 * @param shared - The new record to fill, if breakers share it. It keeps its streaks even if its window is divided
 * differently: where breakers with different windows take turns to write it, no streak would ever get long.
 */
export function restoreSnapshot(
  value: unknown,
  policy: Policy,
  now: number,
  shared?: BreakerRecord,
): BreakerRecord {
  const record = shared ?? createRecord(policy, now)
  if (value === undefined) return record
  const fresh = takeSnapshot(record, policy)
  if (!isSnapshot(value, fresh)) return record
  const { state, generation, counts, elapsed, remaining, openFor, opens, window: from } = value
  const { bucketPeriod, length } = fresh.window
  if (state === "closed" && (from.length !== length || from.bucketPeriod !== bucketPeriod)) {
    const { consecutiveSuccesses, consecutiveFailures } = counts
    if (shared) Object.assign(record.counts, { consecutiveSuccesses, consecutiveFailures })
    return record
  }
  Object.assign(record, { state, generation: generation - 1, now, openFor, opens })
  newGeneration(record, policy, now - (state === "open" ? openFor - Math.min(remaining, openFor) : elapsed))
  fill(record, policy, value)
  return record
}

/**
 * Fills in the counts. The totals of a rolling window are computed from its contents, not taken from the
 * snapshot: if the two did not match, calls would never leave the totals, or make them negative.
 */
function fill(record: BreakerRecord, policy: Policy, { elapsed, counts: past, window: from }: BreakerSnapshot): void {
  const { counts, time, calls, probes } = record
  const { consecutiveSuccesses, consecutiveFailures } = past
  if (time) {
    time.age = Math.floor(elapsed / policy.bucketPeriod)
    time.buckets = copy(from.buckets).filter(({ age }) => age <= time.age)
    for (const bucket of time.buckets) add(counts, bucket, 1)
  } else if (calls) {
    // Without the calls that were under way: they would never leave this count.
    counts.requests = from.calls.length
    for (const call of from.calls) push(calls, counts, call, policy.windowSize)
  } else {
    Object.assign(counts, past)
  }
  Object.assign(counts, { consecutiveSuccesses, consecutiveFailures })
  if (probes) {
    // If `maxRequests` is smaller now, these successes may already be enough to close the breaker, and no
    // further call would be admitted to close it. So at least one is left to make.
    counts.totalSuccesses = counts.consecutiveSuccesses = Math.min(counts.totalSuccesses, policy.maxRequests - 1)
    counts.requests = counts.totalSuccesses + counts.totalExclusions
  }
}

/** Copies of the buckets, which hold no streaks. If a snapshot says they do, a streak would get too short when they leave. */
function copy(buckets: readonly Bucket[] = []): Bucket[] {
  return buckets.map((bucket) => ({ ...bucket, consecutiveSuccesses: 0, consecutiveFailures: 0 }))
}

function isSnapshot(value: unknown, fresh: BreakerSnapshot): value is BreakerSnapshot {
  const lists = { buckets: [{ age: 0, ...fresh.counts }], calls: [0] }
  return (
    isLike(value, { ...fresh, window: { ...fresh.window, ...lists } }) &&
    value.version === fresh.version &&
    STATES.includes(value.state) &&
    value.window.calls.length <= value.window.length
  )
}
