import type { State } from "webbreaker"

const titles: Readonly<Record<State, string>> = { closed: "Closed", "half-open": "Half-open", open: "Open" }

/** A state as a title. */
export function titleOf(state: State): string {
  return titles[state]
}

/** What a state means for the next call. */
export function nextOf(state: State, retryAfter: number): string {
  if (state === "closed") return "Every call goes through."
  if (state === "half-open") return "A few calls may try; the others are rejected."
  return `Next probe in ${seconds(retryAfter)}`
}

/** A state, and the time that is left if it is open. */
export function briefly(state: State, retryAfter: number): string {
  return state === "open" && retryAfter > 0 ? `open ${seconds(retryAfter)}` : state
}

function seconds(milliseconds: number): string {
  return milliseconds === Infinity ? "a while" : `${(milliseconds / 1_000).toFixed(1)} s`
}
