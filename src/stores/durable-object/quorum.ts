/**
 * Tells whether so many isolates have failures that it is the origin's fault, and not that of one isolate.
 *
 * @module
 */
import type { Policy } from "../../core/policy.ts"

/** Remembers which isolates had failures within the window of a policy; without a window, within the streak. */
export class Quorum {
  readonly #needed: number
  readonly #policy: Policy
  // When each isolate last failed, the latest last: a time or, with a window of calls, the number of calls so
  // far.
  readonly #failing = new Map<string, number>()
  #generation = 0
  #streak = 0
  #calls = 0

  constructor(needed: number, policy: Policy) {
    this.#needed = needed
    this.#policy = policy
  }

  /** Adds calls that are about to be counted to the number of calls. */
  reported(calls: number): void {
    this.#calls += calls
  }

  /**
   * Records a failure, and returns whether enough isolates have had one.
   *
   * @param streak - The number of the streak that the failure belongs to.
   */
  isReached(reporter: string, generation: number, streak: number, now: number): boolean {
    const { windowSize, buckets, bucketPeriod } = this.#policy
    const length = windowSize || buckets * bucketPeriod
    const isStreak = !length && !this.#policy.interval
    if (generation !== this.#generation || (isStreak && streak !== this.#streak)) this.#failing.clear()
    this.#generation = generation
    this.#streak = streak
    const place = windowSize ? this.#calls : now
    this.#failing.delete(reporter)
    this.#failing.set(reporter, place)
    for (const [other, at] of this.#failing) {
      // Drop failures that have left the window, or are ahead of a clock that was set back. Keep no more isolates
      // than are needed.
      if ((length && Math.abs(place - at) >= length) || this.#failing.size > this.#needed) this.#failing.delete(other)
    }
    return this.#failing.size >= this.#needed
  }
}
