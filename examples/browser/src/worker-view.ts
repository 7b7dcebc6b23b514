import type { Isolate, WorkerCalls, WorkerStatus } from "./demo-status.ts"
import { drawCurves } from "./curves.ts"
import { element, setText } from "./element.ts"
import { RateHistory } from "./rate-history.ts"
import { StateHistory } from "./state-history.ts"
import { briefly } from "./state-text.ts"
import { WIDE_SPAN } from "./time-chart.ts"
import { drawTimeline } from "./timeline.ts"

const titles: readonly (readonly [keyof WorkerCalls, string])[] = [
  ["answered", "Answered"],
  ["stale", "Answered with a stale copy"],
  ["rejected", "Rejected"],
  ["failed", "Failed"],
]

interface Row {
  readonly history: StateHistory
  readonly canvas: HTMLCanvasElement
  readonly value: HTMLElement
}

/** Shows the Worker: its isolates, and the requests that reached the origin through them. */
export class WorkerView {
  readonly #rows = new Map<string, Row>()
  readonly #sent = new RateHistory(WIDE_SPAN)
  readonly #reached = new RateHistory(WIDE_SPAN)

  note(worker: WorkerStatus, reached: number, now: number): void {
    setText(element("#worker-text"), describe(worker))
    element("#worker").hidden = worker.kind !== "running"
    if (worker.kind !== "running") return
    for (const isolate of worker.isolates) this.#noteIsolate(isolate, now)
    this.#sent.note(worker.calls.sent, now)
    this.#reached.note(reached, now)
    setText(element("#sent-worker"), String(worker.calls.sent))
    setText(element("#reached-worker"), String(reached))
    showCounts(worker.calls)
  }

  draw(now: number): void {
    for (const { canvas, history } of this.#rows.values()) drawTimeline(canvas, history, now)
    const curves = [
      { history: this.#sent, color: "bare", dashed: true },
      { history: this.#reached, color: "guarded" },
    ] as const
    drawCurves(element<HTMLCanvasElement>("#worker-curves"), curves, now)
  }

  #noteIsolate({ name, state, retryAfter }: Isolate, now: number): void {
    const row = this.#rows.get(name) ?? this.#addRow(name)
    row.history.note(state, now)
    row.value.dataset["state"] = state
    setText(row.value, briefly(state, retryAfter))
  }

  #addRow(name: string): Row {
    const line = document.createElement("tr")
    const title = document.createElement("th")
    const canvas = document.createElement("canvas")
    const value = document.createElement("td")
    line.className = "band"
    title.scope = "row"
    title.textContent = name.replace("isolate", "Isolate")
    canvas.setAttribute("role", "img")
    canvas.setAttribute("aria-label", `State of the breaker in ${name}, over time`)
    const plot = document.createElement("td")
    plot.append(canvas)
    line.append(title, plot, value)
    element("#isolates").append(line)
    const row = { history: new StateHistory(WIDE_SPAN), canvas, value }
    this.#rows.set(name, row)
    return row
  }
}

function describe(worker: WorkerStatus): string {
  if (worker.kind === "starting") return "workerd is starting."
  if (worker.kind === "missing") return `There is no Worker here: ${worker.reason}`
  return "The Worker of examples/cloudflare-worker, in workerd. As many calls as this page makes are spread over its isolates; one probes for all of them."
}

function showCounts(calls: WorkerCalls): void {
  const list = element("#worker-counts")
  for (const [name, title] of titles) {
    let value = list.querySelector(`[data-count=${name}]`)
    if (!value) {
      const group = document.createElement("div")
      const term = document.createElement("dt")
      const made = document.createElement("dd")
      term.textContent = title
      made.dataset["count"] = name
      group.append(term, made)
      list.append(group)
      value = made
    }
    setText(value, String(calls[name]))
  }
}
