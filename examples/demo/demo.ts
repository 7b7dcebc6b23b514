/**
 * The page of `examples/browser` and the Worker of `examples/cloudflare-worker`, in front of one origin
 * that fails on command.
 *
 * @module
 */
import { startOrigin } from "../origin/origin.ts"
import { stopOnSignal } from "./stop-on-signal.ts"
import { buildPage } from "./page-files.ts"
import { startSite } from "./site.ts"
import { TabList } from "./tab-list.ts"
import { greet, warnOfPort } from "./greeting.ts"
import { StatusLine } from "./status-line.ts"
import { Tour } from "./tour.ts"
import { startWorkerLane } from "./worker-lane.ts"
import type { DemoStatus } from "../browser/src/demo-status.ts"

// The port of the page. The origin gets the two ports after it. A port in use is replaced by a free one.
const PORT = 8787
const SHOW_EVERY = 1_000

/** Runs until a signal stops it. `root` is the folder of the project. The environment may set `PORT`. */
export async function runDemo(root: URL): Promise<void> {
  const wanted = Number(process.env["PORT"] ?? PORT)
  const next = (distance: number): number => (wanted === 0 ? 0 : wanted + distance)
  const line = new StatusLine()
  // This comes before workerd starts, which is a separate process that has to be stopped too.
  stopOnSignal(() => line.end())

  const origin = await startOrigin({ port: next(1) })
  const bareApi = await origin.alsoAt(next(2))
  const worker = startWorkerLane(root, origin.url)
  const tour = new Tour(origin)
  const tabs = new TabList()
  const status = (): DemoStatus => ({
    mode: origin.mode,
    reached: { breaker: origin.hits("breaker"), bare: origin.hits("bare"), worker: origin.hits("worker") },
    tabs: tabs.list(),
    worker: worker.status,
    tour: tour.text,
  })

  const site = await startSite({
    port: wanted,
    files: await buildPage(root),
    config: { api: origin.url, bareApi },
    hear: (report) => tabs.hear(report),
    forget: (id) => tabs.forget(id),
    setMode: (mode) => tour.setMode(mode),
    startTour: () => tour.start(),
    callWorker: (count) => worker.call(count),
    status,
  })
  if (site.port !== wanted && wanted !== 0) warnOfPort(wanted, site.port)
  greet(site.url)
  setInterval(() => line.show(status()), SHOW_EVERY)
}
