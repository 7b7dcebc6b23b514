import type { State } from "webbreaker"

/** A time spent in one state. */
export interface Span {
  readonly state: State
  readonly from: number
}

/** The states of a breaker over the last `keep` milliseconds. */
export class StateHistory {
  readonly #keep: number
  #spans: Span[] = []

  constructor(keep: number) {
    this.#keep = keep
  }

  get spans(): readonly Span[] {
    return this.#spans
  }

  note(state: State, now: number): void {
    if (this.#spans.at(-1)?.state !== state) this.#spans.push({ state, from: now })
    // A span that ends within the kept time stays.
    while (this.#spans.length > 1 && now - (this.#spans[1] as Span).from > this.#keep) this.#spans.shift()
  }

  at(time: number): State | undefined {
    return this.#spans.filter(({ from }) => from <= time).at(-1)?.state
  }
}
