interface Sample {
  readonly at: number
  readonly total: number
}

/** The rate, over time, of a counter that only grows. */
export class RateHistory {
  readonly #keep: number
  #samples: Sample[] = []

  constructor(keep: number) {
    this.#keep = keep
  }

  note(total: number, now: number): void {
    this.#samples.push({ at: now, total })
    while (this.#samples.length > 2 && now - (this.#samples[1] as Sample).at > this.#keep) this.#samples.shift()
  }

  /** For each sample, the growth a second over the `width` milliseconds before it. */
  points(width: number): { readonly at: number; readonly rate: number }[] {
    let begin = 0
    return this.#samples.slice(1).map((sample, index) => {
      while (begin < index && sample.at - (this.#samples[begin + 1] as Sample).at >= width) begin++
      const first = this.#samples[begin] as Sample
      return { at: sample.at, rate: ((sample.total - first.total) * 1_000) / Math.max(sample.at - first.at, 1) }
    })
  }

  /** The growth between two times. */
  between(from: number, to: number): number {
    return this.#totalAt(to) - this.#totalAt(from)
  }

  #totalAt(time: number): number {
    let total = this.#samples[0]?.total ?? 0
    for (const sample of this.#samples) if (sample.at <= time) total = sample.total
    return total
  }
}
