import type { CallLog, CallTotals } from "./call-log.ts"
import { element, setText } from "./element.ts"
import { drawStream } from "./stream.ts"

const rows = ["sent", "succeeded", "failed", "rejected", "excluded"] as const satisfies readonly (keyof CallTotals)[]

/** The rows of the calls: marks over time, and a number. */
export function showCalls(log: CallLog, now: number): void {
  for (const row of rows) {
    drawStream(element<HTMLCanvasElement>(`canvas[data-row=${row}]`), row, log.latest, now)
    setText(element(`[data-count=${row}]`), String(log.totals[row]))
  }
}
