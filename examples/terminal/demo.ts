/**
 * A client that calls an origin through `wrapFetch` while that goes down and comes back once in a
 * minute, each time in another way. `npm start`; Ctrl-C stops it.
 */
import { exponentialBackoff, failureRate, findCircuitBreakerError, wrapFetch } from "webbreaker"
import { startOrigin, type Mode } from "../origin/origin.ts"
import { drawFrame, type Frame } from "./view.ts"

const REQUESTS_PER_SECOND = 20
const FRAMES_PER_SECOND = process.stdout.isTTY ? 5 : 1
const OUTAGE = { begins: 15, ends: 35, period: 60 }

const healthy: Mode = { kind: "healthy" }
const outages: readonly { readonly title: string; readonly mode: Mode }[] = [
  { title: "answers 500", mode: { kind: "failing", rate: 1 } },
  { title: "never answers", mode: { kind: "hanging" } },
  { title: "resets every connection", mode: { kind: "resetting" } },
  { title: "answers 503, Retry-After: 8", mode: { kind: "unavailable", retryAfter: 8 } },
  { title: "sends its bodies too slowly", mode: { kind: "slow-body", ms: 500, chunks: 20 } },
]

const origin = await startOrigin({ port: 8787 })
const safeFetch = wrapFetch(fetch, {
  ...failureRate({ threshold: 0.5, minimumRequests: 10, within: 5_000 }),
  timeout: exponentialBackoff({ initial: 2_000, max: 5_000 }),
  callTimeout: 1_000,
  settleOn: "body",
})

const totals = { sent: 0, succeeded: 0, failed: 0, rejected: 0 }

async function call(): Promise<void> {
  totals.sent += 1
  try {
    const response = await safeFetch(`${origin.url}/api/items`)
    await response.text()
    if (response.ok) totals.succeeded += 1
    else totals.failed += 1
  } catch (error) {
    if (findCircuitBreakerError(error)) totals.rejected += 1
    else totals.failed += 1
  }
}

const started = performance.now()

/** Breaks and mends the origin as the minute goes by; says how it is doing. */
function steer(): string {
  const seconds = (performance.now() - started) / 1_000
  const outage = outages[Math.floor(seconds / OUTAGE.period) % outages.length]
  const second = seconds % OUTAGE.period
  const down = second >= OUTAGE.begins && second < OUTAGE.ends
  const mode = down && outage ? outage.mode : healthy
  if (origin.mode.kind !== mode.kind) origin.mode = mode
  if (down && outage) return `${outage.title}; back in ${Math.ceil(OUTAGE.ends - second)} s`
  const next = second < OUTAGE.begins ? OUTAGE.begins : OUTAGE.period + OUTAGE.begins
  return `healthy; down in ${Math.ceil(next - second)} s`
}

function frame(): Frame {
  const breaker = safeFetch.breakers.get(origin.url)
  return {
    url: origin.url,
    health: steer(),
    state: breaker?.state ?? "closed",
    retryAfter: breaker?.retryAfter ?? 0,
    reached: origin.total,
    ...totals,
  }
}

const load = setInterval(call, 1_000 / REQUESTS_PER_SECOND)
const screen = setInterval(() => drawFrame(frame()), 1_000 / FRAMES_PER_SECOND)

async function stop(): Promise<void> {
  clearInterval(load)
  clearInterval(screen)
  process.stdout.write("\n")
  await origin.close()
  process.exit()
}
process.once("SIGINT", stop)
process.once("SIGTERM", stop)
