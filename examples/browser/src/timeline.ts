import type { State } from "webbreaker"
import { palette, type Palette } from "./palette.ts"
import type { StateHistory } from "./state-history.ts"
import { beginChart } from "./time-chart.ts"

// States differ in height as well as in colour, for users who cannot tell red from green.
const looks: Readonly<Record<State, { readonly height: number; readonly color: keyof Palette }>> = {
  closed: { height: 0.24, color: "closed" },
  "half-open": { height: 0.6, color: "halfOpen" },
  open: { height: 1, color: "open" },
}
// A half-open span may be shorter than a pixel, and has to be visible all the same.
const MIN_WIDTH = 3

/** Draws the states of a breaker as a band. */
export function drawTimeline(canvas: HTMLCanvasElement, history: StateHistory, now: number): void {
  const chart = beginChart(canvas, now)
  if (!chart) return
  const { context, height, width, x } = chart
  history.spans.forEach(({ state, from }, index) => {
    const begin = Math.max(x(from), 0)
    const next = history.spans[index + 1]
    const end = next ? x(next.from) : width
    if (end < 0) return
    const look = looks[state]
    context.fillStyle = palette()[look.color]
    context.fillRect(begin, height * (1 - look.height), Math.max(end - begin, MIN_WIDTH), height * look.height)
  })
}
