/**
 * The rolling windows: over the last `interval`, or over the last `windowSize` calls.
 *
 * Either is a queue of buckets. A time window has one for each period in which calls began, its age
 * being the number of that period; a count window has one for each call that settled, its age being
 * the number of that call. The totals in {@link Counts} are kept up to date by adding what comes in
 * and subtracting what falls out, so a step costs the same however long the window is.
 *
 * Streaks are not decayed: a call ends a streak, not the age of its first call.
 *
 * @module
 */
import { noCounts, type Counts } from "./counts.ts"

/** Counts of the calls that are as old; the streaks are not kept and stay 0. */
export interface Bucket extends Counts {
  readonly age: number
}

/** A rolling window, oldest bucket first. Those before `first` have left it. */
export interface RollingWindow {
  age: number
  first: number
  buckets: Bucket[]
}

/** Moves the window on to `age`: a bucket leaves once it is `length` older than that. */
export function roll(rolling: RollingWindow, counts: Counts, age: number, length: number): void {
  rolling.age = age
  const { buckets } = rolling
  for (let old; (old = buckets[rolling.first]) && age - old.age >= length; rolling.first++) {
    counts.requests -= old.requests
    counts.totalSuccesses -= old.totalSuccesses
    counts.totalFailures -= old.totalFailures
    counts.totalExclusions -= old.totalExclusions
    counts.totalSlow -= old.totalSlow
  }
  if (rolling.first * 2 > buckets.length) {
    rolling.buckets = buckets.slice(rolling.first)
    rolling.first = 0
  }
}

/** The bucket of the present age. */
export function currentBucket({ age, buckets }: RollingWindow): Bucket {
  let bucket = buckets.at(-1)
  if (bucket?.age !== age) buckets.push((bucket = { age, ...noCounts() }))
  return bucket
}
