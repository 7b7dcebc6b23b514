import type { CallLog, CallOutcome } from "./call-log.ts"
import { element } from "./element.ts"
import type { ReachedView } from "./reached-view.ts"
import type { StateHistory } from "./state-history.ts"
import { WIDE_SPAN } from "./time-chart.ts"

const STEP = 5_000
const outcomes: readonly CallOutcome[] = ["succeeded", "failed", "rejected", "excluded"]

/** Writes the data of the charts as a table, the latest first. */
export function showFigures(log: CallLog, states: StateHistory, reached: ReachedView, now: number): void {
  const rows: HTMLTableRowElement[] = []
  for (let end = 0; end < WIDE_SPAN; end += STEP) {
    const from = now - end - STEP
    const to = now - end
    const isIn = (time: number | undefined): boolean => time !== undefined && time > from && time <= to
    const settled = (outcome: CallOutcome): number =>
      log.latest.filter((call) => call.settled?.outcome === outcome && isIn(call.settled.at)).length
    rows.push(
      rowOf(`${end / 1_000} to ${(end + STEP) / 1_000}`, [
        states.at(to) ?? "",
        log.latest.filter(({ sentAt }) => isIn(sentAt)).length,
        ...outcomes.map(settled),
        reached.guarded.between(from, to),
        reached.bare.between(from, to),
      ]),
    )
  }
  element("#figures").replaceChildren(...rows)
}

function rowOf(title: string, values: readonly (string | number)[]): HTMLTableRowElement {
  const row = document.createElement("tr")
  const head = document.createElement("th")
  head.scope = "row"
  head.textContent = title
  row.append(head)
  for (const value of values) row.insertCell().textContent = String(value)
  return row
}
