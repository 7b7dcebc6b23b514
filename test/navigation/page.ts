/** Runs in the page. The tests call it as `window.client`. Bundled by `site.ts`. */
import { findCircuitBreakerError, wrapFetch, type BreakerFetch } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"

/** What the pages of one name have seen, in order. Stored where the next page can read it. */
export type Entry =
  /** How the breaker counted a call. */
  | "success"
  | "failure"
  | "excluded"
  | "rejected"
  /** A request that the browser broke off, or that failed, while scripts ran. */
  | "broken"

export interface ClientApi {
  /** Makes a wrapped fetch of that name, which shares its breaker with other pages. */
  open(name: string): void
  /** Starts `count` calls, and waits for none of them. */
  start(path: string, count: number): void
  /** Makes one call. "rejected" means that the breaker did not admit it. */
  call(path: string): Promise<number | "failed" | "rejected">
  log(name: string): Entry[]
  /** Clicks on a link, and returns before the browser has followed it. */
  follow(url: string, download?: boolean): void
  /** Whether the page was restored from the back/forward cache. */
  readonly persisted: boolean
}

let safeFetch: BreakerFetch | undefined
let prepare: () => void = () => {}
let persisted = false
addEventListener("pageshow", (event) => (persisted = event.persisted))
// Real pages have such a listener. Without one, Chromium stops a page before its requests fail.
addEventListener("pagehide", () => {})

// Firefox and Chromium repeat a GET when its connection breaks, and the origin would count it twice.
const init = { method: "POST", headers: { "content-type": "text/plain" } }

const keyOf = (name: string): string => `log:${name}`
const log = (name: string): Entry[] => JSON.parse(localStorage.getItem(keyOf(name)) ?? "[]")
const note = (name: string, entry: Entry): void =>
  localStorage.setItem(keyOf(name), JSON.stringify([...log(name), entry]))

function send(path: string): Promise<Response> {
  const response = safeFetch!(path, init)
  // The breaker of an origin is made by the first call to it.
  prepare()
  return response
}

const api: ClientApi = {
  open(name) {
    const noting: typeof fetch = (...args) => {
      const response = fetch(...args)
      response.catch(() => note(name, "broken"))
      return response
    }
    const made = wrapFetch(noting, { name, store: localStorageStore() })
    safeFetch = made
    prepare = () => {
      prepare = () => {}
      for (const [, breaker] of made.breakers) {
        for (const type of ["success", "failure", "excluded", "rejected"] as const) {
          breaker.addEventListener(type, () => note(name, type))
        }
      }
    }
  },
  start(path, count) {
    for (let i = 0; i < count; i++) send(path).catch(() => {})
  },
  async call(path) {
    try {
      return (await send(path)).status
    } catch (error) {
      return findCircuitBreakerError(error) ? "rejected" : "failed"
    }
  },
  log,
  follow(url, download = false) {
    const link = document.createElement("a")
    link.href = url
    if (download) link.download = "file"
    document.body.append(link)
    link.click()
  },
  get persisted() {
    return persisted
  },
}

declare global {
  var client: ClientApi
}
globalThis.client = api
