/** Runs as the service worker of the pages below `/page/`: a wrapped fetch answers for them. */
import { wrapFetch } from "../../src/index.ts"

/** The part of a service worker that is used here. Its own types are not compatible with those of a page. */
interface WorkerScope {
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void
  addEventListener(type: "message", listener: (event: MessageEvent<Message>) => void): void
}

interface Extendable {
  waitUntil(promise: Promise<unknown>): void
}

interface Fetching {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

/** Moves the breaker's clock on, and asks for its state. */
export interface Message {
  readonly skip: number
}

/** The answer to a {@link Message}. */
export interface WorkerState {
  readonly state: string | undefined
  readonly failures: number
  readonly successes: number
  readonly excluded: number
}

const worker = globalThis as unknown as WorkerScope
let skipped = 0
const safeFetch = wrapFetch(undefined, {
  rejectWith: "response",
  clock: { now: () => performance.now() + skipped },
})
let failures = 0
let successes = 0
let excluded = 0
let watched = false

worker.addEventListener("install", () => void worker.skipWaiting())
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()))

worker.addEventListener("fetch", (event) => {
  event.respondWith(safeFetch(event.request))
  // The breaker of an origin is made by the first call to it.
  const [entry] = watched ? [] : safeFetch.breakers
  if (!entry) return
  watched = true
  entry[1].addEventListener("failure", () => failures++)
  entry[1].addEventListener("success", () => successes++)
  entry[1].addEventListener("excluded", () => excluded++)
})

worker.addEventListener("message", ({ data, ports }) => {
  skipped += data.skip
  const [entry] = safeFetch.breakers
  const state: WorkerState = { state: entry?.[1].state, failures, successes, excluded }
  ports[0]!.postMessage(state)
})
