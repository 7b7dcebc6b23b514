/**
 * All that a breaker knows, as plain data: it can be serialised at any moment and continued
 * elsewhere.
 *
 * @module
 */
import { noCounts, type Counts, type State } from "./counts.ts"
import type { Policy } from "./policy.ts"
import type { Bucket, CallWindow, TimeWindow } from "./window.ts"

/** What an admitted call holds, and settles with. It counts only in the generation that gave it. */
export interface Permit {
  readonly generation: number
  /** When a half-open call was admitted; calls of the closed state share a permit. */
  at: number
  /** Names a half-open call to those who share the record. */
  lease?: string
  /** Where a rolling time window books the call: where it began. */
  readonly bucket: Bucket | undefined
}

/** The state of one breaker. Times are readings of its clock. */
export interface BreakerRecord {
  state: State
  /** Grows by one with each change of state and each clearing of a fixed window. */
  generation: number
  counts: Counts
  /** The latest reading of the clock that was acted upon. */
  now: number
  /** When this generation began: its window, or its open period. */
  since: number
  /** Length of the present, else of the last, open period. */
  openFor: number
  /** Openings since the breaker was last closed. */
  opens: number
  /** What calls of the closed state are given. */
  permit: Permit
  /** The rolling window of the closed state, of one kind or the other. */
  time: TimeWindow | undefined
  calls: CallWindow | undefined
  /** Half-open calls that have not settled, oldest first. */
  probes: Permit[] | undefined
}

/** A closed breaker that has seen nothing. */
export function createRecord(policy: Policy, now: number, generation = 1): BreakerRecord {
  const record: BreakerRecord = {
    state: "closed",
    generation: generation - 1,
    counts: noCounts(),
    now,
    since: now,
    openFor: 0,
    opens: 0,
    permit: { generation: 0, at: now, bucket: undefined },
    time: undefined,
    calls: undefined,
    probes: undefined,
  }
  newGeneration(record, policy, now)
  return record
}

/** Forgets the counts, and every call under way: gobreaker's `toNewGeneration`. */
export function newGeneration(record: BreakerRecord, policy: Policy, since: number): void {
  const { state } = record
  const generation = record.generation + 1
  record.generation = generation
  record.counts = noCounts()
  record.since = since
  record.permit = { generation, at: since, bucket: undefined }
  const closed = state === "closed"
  record.time = closed && policy.bucketPeriod ? { age: 0, until: 0, first: 0, buckets: [] } : undefined
  record.calls = closed && policy.windowSize ? { next: 0, calls: [] } : undefined
  record.probes = state === "half-open" ? [] : undefined
}
