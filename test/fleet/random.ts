/** Numbers that look random and are the same for the same seed. */
export class Random {
  #state: number

  /** @param seed - Streams of different names do not follow each other, whatever the seed. */
  constructor(seed: number, stream: string) {
    let state = seed >>> 0
    for (const letter of stream) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193) >>> 0
    this.#state = state
  }

  /** From 0 to below 1: a Weyl sequence, its bits mixed. */
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

  /** Exponential: the time to the next of independent events, of which one is to be expected in `mean`. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  /** Log-normal around a median: most are near it, few are far above. */
  logNormal(median: number, spread: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()))
    return median * Math.exp(spread * radius * Math.cos(2 * Math.PI * this.next()))
  }
}
