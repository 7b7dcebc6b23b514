import type { EventQueue } from "./event-queue.ts"
import type { Random } from "./random.ts"

/** A connection between two places. */
export interface Link {
  /** Median round trip in milliseconds. */
  readonly roundTrip: number
  /** Standard deviation of the logarithm of round trips; 0 makes them all equal. */
  readonly spread: number
  /** Share of messages that are lost. */
  readonly loss: number
}

/** Delivers requests and responses, each after a random delay. */
export class Network {
  readonly #queue: EventQueue
  readonly #random: Random

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue
    this.#random = random
  }

  /** The delay of a `part` of a round trip; `undefined` when the message is lost. */
  delay({ roundTrip, spread, loss }: Link, part: number): number | undefined {
    if (loss > 0 && this.#random.next() < loss) return undefined
    return part * (spread > 0 ? this.#random.logNormal(roundTrip, spread) : roundTrip)
  }

  after(delay: number, run: () => void): void {
    this.#queue.after(delay, run)
  }
}
