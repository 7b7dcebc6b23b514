import type { EventQueue } from "./event-queue.ts"
import type { Random } from "./random.ts"

/** What lies between two places. */
export interface Link {
  /** Median of the whole way there and back, in milliseconds. */
  readonly roundTrip: number
  /** Of the logarithm; 0 makes all of them alike. */
  readonly spread: number
  /** Share that does not arrive. */
  readonly loss: number
}

/** Carries questions and answers, each after a time of its own. */
export class Network {
  readonly #queue: EventQueue
  readonly #random: Random

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue
    this.#random = random
  }

  /** How long a way takes that is of the whole one `part`; `undefined` when nothing arrives. */
  delay({ roundTrip, spread, loss }: Link, part: number): number | undefined {
    if (loss > 0 && this.#random.next() < loss) return undefined
    return part * (spread > 0 ? this.#random.logNormal(roundTrip, spread) : roundTrip)
  }

  after(delay: number, run: () => void): void {
    this.#queue.after(delay, run)
  }
}
