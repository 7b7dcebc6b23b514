/**
 * The modelled origin. It serves requests up to its capacity and refuses the rest. Far beyond its capacity it
 * serves fewer, like a server that spends its time on requests that it will not finish.
 */
import type { Random } from "./random.ts"

/** How an origin behaves, as functions of the time in milliseconds. */
export interface OriginPlan {
  /** Requests a second that it can serve; 0 while it is down. */
  readonly capacity: (now: number) => number
  /** Share of requests within its capacity that fail. */
  readonly errors: (now: number) => number
  /** Median milliseconds for a request. */
  readonly serviceTime: (now: number) => number
}

/** The result of a request. */
export interface Answer {
  readonly ok: boolean
  /** Milliseconds until the response. */
  readonly delay: number
}

// It collapses from this multiple of its capacity.
const COLLAPSE = 1.5
const MEMORY = 1_000
// Milliseconds for a refusal, which takes hardly any time.
const REFUSAL_TIME = 2
const SPREAD = 0.4

/** Decides on each request by the load of about the last second. */
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
