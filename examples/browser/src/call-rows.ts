import type { CallLog, CallTotals } from "./call-log.ts"
import { element, setText } from "./element.ts"
import { drawStream } from "./stream.ts"

const rows = ["sent", "succeeded", "failed", "rejected", "excluded"] as const satisfies readonly (keyof CallTotals)[]

/** Draws the rows of the calls: a mark for each call over time, and the total. */
export function showCalls(log: CallLog, now: number): void {
  for (const row of rows) {
    drawStream(element<HTMLCanvasElement>(`canvas[data-row=${row}]`), row, log.latest, now)
    setText(element(`[data-count=${row}]`), String(log.totals[row]))
  }
}
