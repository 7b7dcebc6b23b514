/**
 * All that a breaker knows, as plain data: it can be serialised at any moment and continued
 * elsewhere.
 *
 * @module
 */
import { noCounts, type Counts, type State } from "./counts.ts"
import type { Policy } from "./policy.ts"
import type { Bucket, CallWindow, TimeWindow } from "./window.ts"

/** Given to an admitted call, which settles with it. It counts only in the generation that issued it. */
export interface Permit {
  readonly generation: number
  /** When a half-open call was admitted; calls of the closed state share a permit. */
  at: number
  /** Identifies a half-open call in a shared record. */
  lease?: string
  /** The bucket of a rolling time window that counts the call, at least until it ends: the one in which it began. */
  readonly bucket: Bucket | undefined
}

/** The state of one breaker. Times are readings of its clock. */
export interface BreakerRecord {
  state: State
  /** Grows by one with each change of state and each clearing of a fixed window. */
  generation: number
  counts: Counts
  /** The latest reading of the clock that was taken into account. */
  now: number
  /** When this generation began: its window, or its open period. */
  since: number
  /** Length of the present open period or, when not open, of the last one. */
  openFor: number
  /** Openings since the breaker was last closed. */
  opens: number
  /** The permit that calls of the closed state share. */
  permit: Permit
  /** The rolling window of the closed state: over time (`time`), or over calls (`calls`). */
  time: TimeWindow | undefined
  calls: CallWindow | undefined
  /** Half-open calls that have not settled, oldest first. */
  probes: Permit[] | undefined
}

/** The record of a new, closed breaker. */
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
  record.time = closed && policy.bucketPeriod ? { age: 0, until: -Infinity, first: 0, buckets: [] } : undefined
  record.calls = closed && policy.windowSize ? { next: 0, calls: [] } : undefined
  record.probes = state === "half-open" ? [] : undefined
}
