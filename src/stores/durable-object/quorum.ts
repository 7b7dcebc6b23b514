/**
 * Whether enough isolates fail for it to be the origin's fault, and not that of one of them.
 *
 * @module
 */
import type { Policy } from "../../core/policy.ts"

/** Knows who had failures within the window of a policy; without a window, within the streak. */
export class Quorum {
  readonly #needed: number
  readonly #policy: Policy
  // Where each was last seen to fail, the latest last: a time or, in a window of calls, a number of calls.
  readonly #failing = new Map<string, number>()
  #generation = 0
  #streak = 0
  #calls = 0

  constructor(needed: number, policy: Policy) {
    this.#needed = needed
    this.#policy = policy
  }

  /** Takes note of calls that are about to be counted. */
  reported(calls: number): void {
    this.#calls += calls
  }

  /**
   * Takes note of a failure, and says whether enough have had one.
   *
   * @param streak - Which one it belongs to, by number.
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
      // Of more than are needed, the latest will do.
      if ((length && place - at >= length) || this.#failing.size > this.#needed) this.#failing.delete(other)
    }
    return this.#failing.size >= this.#needed
  }
}
