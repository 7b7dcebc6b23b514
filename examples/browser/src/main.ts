/** Makes the calls and shows their outcomes. The client is made in `client.ts`. */
import { CallLog } from "./call-log.ts"
import { showCalls } from "./call-rows.ts"
import { safeFetch } from "./client.ts"
import { Controls } from "./controls.ts"
import { DemoServer } from "./demo-server.ts"
import { element, setText } from "./element.ts"
import { showFigures } from "./figures.ts"
import { onFrames } from "./frames.ts"
import { Load } from "./load.ts"
import { ReachedView } from "./reached-view.ts"
import { sendBare, sendSafely } from "./send.ts"
import { StateCard, type BreakerView } from "./state-card.ts"
import { StateHistory } from "./state-history.ts"
import { briefly, titleOf } from "./state-text.ts"
import { showTabs } from "./tabs-view.ts"
import { spanOf, WIDE_SPAN } from "./time-chart.ts"
import { drawTimeline } from "./timeline.ts"
import { WorkerView } from "./worker-view.ts"

const ASK_EVERY = 400
const LOOK_EVERY = 50

const server = new DemoServer()
server.onLost = () => (element("#lost").hidden = false)
const { api, bareApi } = await server.config()
const id = Math.random().toString(36).slice(2)
const log = new CallLog(WIDE_SPAN)
const states = new StateHistory(WIDE_SPAN)
const card = new StateCard()
const reached = new ReachedView()
const worker = new WorkerView()

function send(count: number): void {
  for (let i = 0; i < count; i++) {
    void log.watch(sendSafely(api))
    void sendBare(bareApi)
  }
  void server.callWorker(count)
}

function sendAndCancel(): void {
  const controller = new AbortController()
  void log.watch(sendSafely(api, controller.signal))
  controller.abort()
}

function look(): BreakerView {
  const breaker = safeFetch.breakers.get(new URL(api).origin)
  return { state: breaker?.state ?? "closed", retryAfter: breaker?.retryAfter ?? 0, counts: breaker?.counts }
}

// The first call loads the state that the previous page, or another tab, has stored.
send(1)
const load = new Load(send)
const controls = new Controls({
  setMode: (mode) => void server.setMode(mode),
  setRate: (rate) => (load.rate = rate),
  sendAndCancel,
  startTour: () => void server.startTour(),
})

// No timer drives the breaker: it becomes half-open only when its state is read.
let last = look().state
setInterval(() => {
  const { state } = look()
  states.note(state, performance.now())
  if (state !== last) card.announce(last, state, new Date())
  // The title is visible even while another tab is in front.
  document.title = `${titleOf(state)} - webbreaker`
  last = state
}, LOOK_EVERY)

server.onStatus = (status) => {
  const now = performance.now()
  element("#lost").hidden = true
  controls.show(status.mode, status.tour)
  reached.note(status.reached, now)
  worker.note(status.worker, status.reached.worker, now)
  showTabs(id, status.tabs)
}

async function report(): Promise<void> {
  await server.report({ id, state: look().state, sent: log.totals.sent })
  setTimeout(report, ASK_EVERY)
}
void report()
addEventListener("pagehide", () => server.leave(id))

onFrames((now) => {
  const view = look()
  card.show(view)
  setText(element("#band-state"), briefly(view.state, view.retryAfter))
  element("#band-state").dataset["state"] = view.state
  showCalls(log, now)
  const timeline = element<HTMLCanvasElement>("#timeline")
  drawTimeline(timeline, states, now)
  reached.draw(now)
  worker.draw(now)
  for (const axis of document.querySelectorAll("[data-axis]")) setText(axis, `${spanOf(timeline.clientWidth) / 1_000} s ago`)
})

const details = element<HTMLDetailsElement>("#details")
const showTable = (): void => {
  if (details.open) showFigures(log, states, reached, performance.now())
}
details.addEventListener("toggle", showTable)
setInterval(showTable, 1_000)

setText(element("#code"), await server.source())
