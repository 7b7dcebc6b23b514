/**
 * The rolling windows: over the last `interval`, cut into buckets, or over the last `windowSize` calls.
 *
 * Either keeps the totals in {@link Counts} up to date by adding what comes in and subtracting what
 * falls out, so a step costs the same however long the window is. Streaks are not decayed: a call
 * ends a streak, not the age of its first call.
 *
 * @module
 */
import { noCounts, type Counts, type Outcome } from "./counts.ts"

/** Counts of the calls that began, or ended, in one period; the streaks are not kept and stay 0. */
export interface Bucket extends Counts {
  /** Number of the period since the window began, from 0. */
  readonly age: number
}

/** The periods in which calls began or ended, oldest first. Buckets before index `first` have left the window. */
export interface TimeWindow {
  age: number
  /** Before this reading of the clock, a call begins in the same bucket as the latest one. */
  until: number
  first: number
  buckets: Bucket[]
}

/** A ring of the last settled calls, each a small number. Once it is full, `next` is the index of the oldest. */
export interface CallWindow {
  next: number
  readonly calls: number[]
}

/** Moves the window on to period `age`: a bucket leaves once it is `length` periods older. */
export function roll(time: TimeWindow, counts: Counts, age: number, length: number): void {
  time.age = age
  const { buckets } = time
  for (let old; (old = buckets[time.first]) && age - old.age >= length; time.first++) {
    add(counts, old, -1)
  }
  if (time.first * 2 > buckets.length) {
    time.buckets = buckets.slice(time.first)
    time.first = 0
  }
}

/** Adds what a bucket holds to the totals, or takes it out again. */
export function add(counts: Counts, bucket: Bucket, sign: 1 | -1): void {
  for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] += sign * bucket[key]
}

/** Moves a call on to the latest period that is known, since it ends now. Returns the bucket of that. */
export function moveOn(time: TimeWindow, counts: Counts, from: Bucket, length: number): Bucket {
  if (from.age === time.age) return from
  if (time.age - from.age < length) from.requests -= 1
  else counts.requests += 1
  const to = bucketOf(time, time.age)
  to.requests += 1
  return to
}

/** The bucket of period `age`, which is the present one or an earlier one. It is added when it is missing. */
export function bucketOf({ first, buckets }: TimeWindow, age: number): Bucket {
  let place = buckets.length
  while (place > first && buckets[place - 1]!.age > age) place--
  // Those before `first` have left the window, whatever their periods.
  let bucket = place > first ? buckets[place - 1] : undefined
  if (bucket?.age !== age) buckets.splice(place, 0, (bucket = { age, ...noCounts() }))
  return bucket
}

/** Adds a settled call to the totals, or takes it out again. */
export function tally(counts: Counts, outcome: Outcome, slow: boolean, sign: 1 | -1 = 1): void {
  if (outcome === "success") counts.totalSuccesses += sign
  else if (outcome === "failure") counts.totalFailures += sign
  else counts.totalExclusions += sign
  if (slow && outcome !== "excluded") counts.totalSlow += sign
}

const FAILED = 1
const SLOW = 2

/** Adds a call to a ring of `length` and to the totals, and takes out the call that it replaces. */
export function push(ring: CallWindow, counts: Counts, call: number, length: number): void {
  const { calls, next } = ring
  const old = calls[next]
  calls[next] = call
  ring.next = (next + 1) % length
  tallyCall(counts, call, 1)
  if (old === undefined) return
  counts.requests -= 1
  tallyCall(counts, old, -1)
}

/** A settled call as the number that a ring holds. */
export function toNumber(failed: boolean, slow: boolean): number {
  return (failed ? FAILED : 0) + (slow ? SLOW : 0)
}

function tallyCall(counts: Counts, call: number, sign: 1 | -1): void {
  tally(counts, call & FAILED ? "failure" : "success", (call & SLOW) > 0, sign)
}
