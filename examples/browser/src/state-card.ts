import type { Counts, State } from "webbreaker"
import { element, setText } from "./element.ts"
import { briefly, nextOf, titleOf } from "./state-text.ts"

const shown: readonly (readonly [keyof Counts, string])[] = [
  ["requests", "Requests"],
  ["totalSuccesses", "Successes"],
  ["totalFailures", "Failures"],
  ["totalExclusions", "Exclusions"],
  ["consecutiveFailures", "Failures in a row"],
]

/** What the page knows of a breaker at one moment. */
export interface BreakerView {
  readonly state: State
  readonly retryAfter: number
  readonly counts: Counts | undefined
}

/** Shows the state of the breaker in large, and the counts that it decides by. */
export class StateCard {
  readonly #card = element("#breaker")
  readonly #rest = element<HTMLProgressElement>("#rest")
  readonly #counts = shown.map(([name, title]) => [name, addCount(title)] as const)
  /** The longest remaining time seen in this open period: the whole length of the progress bar. */
  #whole = 0

  show({ state, retryAfter, counts }: BreakerView): void {
    this.#card.dataset["state"] = state
    setText(element("#state"), titleOf(state))
    setText(element("#next"), nextOf(state, retryAfter))
    setText(element("#pill"), `Breaker: ${briefly(state, retryAfter)}`)
    this.#whole = state === "open" ? Math.max(this.#whole, retryAfter) : 0
    this.#rest.value = this.#whole === 0 ? 0 : retryAfter / this.#whole
    for (const [name, value] of this.#counts) setText(value, String(counts?.[name] ?? 0))
  }

  /** Announces a change of state. Screen readers read only this: the numbers change all the time. */
  announce(from: State, to: State, at: Date): void {
    setText(element("#news"), `${at.toLocaleTimeString()}: ${sentence(from, to)}`)
  }
}

function sentence(from: State, to: State): string {
  if (to === "closed") return "The breaker closed. Calls go through again."
  if (to === "half-open") return "The breaker is half-open. A few calls may try."
  const why = from === "half-open" ? "A probe failed. The breaker is open again." : "Too many calls failed. The breaker opened."
  return `${why} Calls are rejected at once.`
}

function addCount(title: string): Element {
  const group = document.createElement("div")
  const term = document.createElement("dt")
  const value = document.createElement("dd")
  term.textContent = title
  group.append(term, value)
  element("#counts").append(group)
  return value
}
