/** Runs in the page. The tests call it as `window.tab`. Bundled by `site.ts`. */
import { CircuitBreaker, wrapFetch, type BreakerFetch, type Settings } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"

/** The result of a call, as JSON. */
export type Result =
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "rejected"; readonly name: string; readonly retryAfter: number }
  | { readonly kind: "failed"; readonly name: string }

export interface Outage {
  readonly results: readonly Result[]
  readonly storeErrors: readonly string[]
}

export interface TabApi {
  /** Replaces the breaker by a new one. */
  open(settings: Settings): void
  wrap(settings: Settings): void
  readonly breaker: CircuitBreaker
  readonly storeErrors: readonly string[]
  /** Whether the page was restored from the back/forward cache. */
  readonly persisted: boolean
  /** How many writes of other tabs this page knows of. */
  readonly heard: number
  call(path: string): Promise<Result>
  /** Makes `count` calls at once, at a time of the wall clock, since messages reach tabs at different moments. */
  volley(path: string, count: number, at: number): void
  /** The results of the volley so far. */
  results: Result[]
  /** Makes seven calls through a new breaker. Returns their results, and the errors of its store. */
  outage(settings: Settings, path: string): Promise<Outage>
  /** Starts a call without waiting. Its result will be in `late`. */
  start(path: string): void
  late: Result | undefined
  state(): { readonly state: string; readonly retryAfter: number; readonly now: number }
}

let breaker: CircuitBreaker | undefined
let safeFetch: BreakerFetch | undefined
let storeErrors: string[] = []
let persisted = false
addEventListener("pageshow", (event) => (persisted = event.persisted))
let heard = 0
addEventListener("storage", () => (heard += 1))

const store = localStorageStore()
// Firefox and Chromium repeat a GET when its connection breaks, and the origin would count it twice.
const init = { method: "POST", headers: { "content-type": "text/plain" } }

async function send(path: string): Promise<Response> {
  if (safeFetch) return safeFetch(path, init)
  return breaker!.execute(async () => {
    const response = await fetch(path, init)
    if (!response.ok) throw new Error(`${response.status}`)
    return response
  })
}

async function call(path: string): Promise<Result> {
  try {
    return { kind: "answered", status: (await send(path)).status }
  } catch (error) {
    const { name, retryAfter } = error as Error & { retryAfter?: number }
    return retryAfter === undefined ? { kind: "failed", name } : { kind: "rejected", name, retryAfter }
  }
}

const api: TabApi = {
  open(settings) {
    safeFetch = undefined
    storeErrors = []
    breaker = new CircuitBreaker({ ...settings, store })
    breaker.addEventListener("storeerror", ({ error }) => storeErrors.push(String(error)))
  },
  wrap(settings) {
    safeFetch = wrapFetch(fetch, { ...settings, store })
  },
  get breaker() {
    return breaker!
  },
  get storeErrors() {
    return storeErrors
  },
  get persisted() {
    return persisted
  },
  get heard() {
    return heard
  },
  call,
  volley(path, count, at) {
    const results: Result[] = []
    api.results = results
    setTimeout(() => {
      for (let i = 0; i < count; i++) void call(path).then((result) => results.push(result))
    }, at - Date.now())
  },
  results: [],
  async outage(settings, path) {
    api.open(settings)
    const results: Result[] = []
    for (let i = 0; i < 7; i++) results.push(await call(path))
    return { results, storeErrors }
  },
  start(path) {
    api.late = undefined
    void call(path).then((result) => (api.late = result))
  },
  late: undefined,
  state: () => ({ state: breaker!.state, retryAfter: breaker!.retryAfter, now: Date.now() }),
}

// A sandboxed frame has an origin of its own, so the page around it can only send it messages.
addEventListener("message", ({ data, source }) => {
  void api.outage(data.settings, data.path).then((outage) => source!.postMessage(outage, { targetOrigin: "*" }))
})

declare global {
  var tab: TabApi
}
globalThis.tab = api
