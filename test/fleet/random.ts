/** Pseudo-random numbers, the same ones for the same seed. */
export class Random {
  #state: number

  /** @param stream - Streams with different names are independent, whatever the seed. */
  constructor(seed: number, stream: string) {
    let state = seed >>> 0
    for (const letter of stream) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193) >>> 0
    this.#state = state
  }

  /** A number from 0 to below 1: a Weyl sequence with mixed bits. */
  next = (): number => {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
  }

  /** An integer from 0 to below `end`. */
  integer(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** Exponentially distributed: the time to the next of independent events that are `mean` apart on average. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  /** Log-normally distributed around a median: most values are near it, few are far above. */
  logNormal(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.next()))
  }
}
