/**
 * A model of sony/gobreaker v2 with a fixed window or none. It was written from a description of gobreaker, and
 * uses no code of this package.
 */
import type { Counts, Outcome, State } from "../../src/index.ts"

export interface GobreakerSettings {
  readonly maxRequests: number
  readonly interval: number
  readonly timeout: number
  readonly readyToTrip: (counts: Counts) => boolean
}

const ZERO: Counts = {
  requests: 0,
  totalSuccesses: 0,
  totalFailures: 0,
  totalExclusions: 0,
  totalSlow: 0,
  consecutiveSuccesses: 0,
  consecutiveFailures: 0,
}

export class Gobreaker {
  state: State = "closed"
  counts: Counts = { ...ZERO }
  readonly changes: string[] = []
  readonly #settings: GobreakerSettings
  #generation = 0
  #expiry = Infinity

  constructor(settings: GobreakerSettings, now: number) {
    const { maxRequests, timeout } = settings
    this.#settings = { ...settings, maxRequests: maxRequests || 1, timeout: timeout || 60_000 }
    this.#newGeneration(now)
  }

  tick(now: number): void {
    if (now <= this.#expiry) return
    if (this.state === "closed") this.#newGeneration(now)
    else this.#setState("half-open", now)
  }

  /** The generation of an admitted call, or the code of the error. */
  before(now: number): number | "ERR_OPEN_STATE" | "ERR_TOO_MANY_REQUESTS" {
    this.tick(now)
    if (this.state === "open") return "ERR_OPEN_STATE"
    const used = this.counts.requests - this.counts.totalExclusions
    if (this.state === "half-open" && used >= this.#settings.maxRequests) return "ERR_TOO_MANY_REQUESTS"
    this.counts.requests += 1
    return this.#generation
  }

  after(generation: number, outcome: Outcome, now: number): void {
    this.tick(now)
    if (generation !== this.#generation) return
    const { counts, state } = this
    if (outcome === "excluded") counts.totalExclusions += 1
    else if (outcome === "success") {
      counts.totalSuccesses += 1
      counts.consecutiveSuccesses += 1
      counts.consecutiveFailures = 0
      if (state === "half-open" && counts.consecutiveSuccesses >= this.#settings.maxRequests) this.#setState("closed", now)
    } else if (state === "half-open") this.#setState("open", now)
    else {
      counts.totalFailures += 1
      counts.consecutiveFailures += 1
      counts.consecutiveSuccesses = 0
      if (this.#settings.readyToTrip({ ...counts })) this.#setState("open", now)
    }
  }

  #setState(state: State, now: number): void {
    this.changes.push(`${this.state} -> ${state}`)
    this.state = state
    this.#newGeneration(now)
  }

  #newGeneration(now: number): void {
    const { interval, timeout } = this.#settings
    this.#generation += 1
    this.counts = { ...ZERO }
    if (this.state === "half-open") this.#expiry = Infinity
    else this.#expiry = now + (this.state === "open" ? timeout : interval || Infinity)
  }
}
