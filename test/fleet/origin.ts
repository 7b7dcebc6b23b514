/**
 * The modelled origin: it serves up to its capacity, turns the rest away, and serves less the more it is
 * asked beyond that, as servers do that spend their time on what they will not finish.
 */
import type { Random } from "./random.ts"

/** How an origin fares, as functions of the time in milliseconds. */
export interface OriginPlan {
  /** Requests a second that it can serve; 0 while it is down. */
  readonly capacity: (now: number) => number
  /** Share of requests that it fails though it could serve them. */
  readonly errors: (now: number) => number
  /** Milliseconds that it takes for one; the median. */
  readonly serviceTime: (now: number) => number
}

/** What becomes of a request. */
export interface Answer {
  readonly ok: boolean
  /** Milliseconds until it is known. */
  readonly delay: number
}

// From so much more than it can serve, it collapses.
const COLLAPSE = 1.5
const MEMORY = 1_000
// Turning one away takes no time to speak of.
const REFUSAL_TIME = 2
const SPREAD = 0.4

/** Decides request by request, by the load of about the last second. */
export class Origin {
  readonly #plan: OriginPlan
  readonly #random: Random
  #load = 0
  #at = 0

  constructor(plan: OriginPlan, random: Random) {
    this.#plan = plan
    this.#random = random
  }

  answer(now: number): Answer {
    this.#load = this.#load * Math.exp((this.#at - now) / MEMORY) + 1
    this.#at = now
    const capacity = this.#plan.capacity(now)
    const refused = { ok: false, delay: REFUSAL_TIME }
    if (capacity <= 0) return refused
    const overload = this.#load / (capacity * (MEMORY / 1_000))
    if (overload > 1) {
      const served = overload > COLLAPSE ? (COLLAPSE / overload) ** 2 / overload : 1 / overload
      if (this.#random.next() >= served) return refused
    }
    const ok = this.#random.next() >= this.#plan.errors(now)
    return { ok, delay: this.#random.logNormal(this.#plan.serviceTime(now), SPREAD) }
  }
}
