import { exponentialBackoff, failureRate, wrapFetch } from "webbreaker"
import { localStorageStore } from "webbreaker/local-storage"

/** How long a caller waits for an answer, in milliseconds. */
export const CALL_TIMEOUT = 1_500

/** `fetch` with a breaker that all tabs share. The periods are short, to be watched. */
export const safeFetch = wrapFetch(fetch, {
  ...failureRate({ threshold: 0.5, minimumRequests: 8, within: 5_000 }),
  timeout: exponentialBackoff({ initial: 5_000, max: 15_000 }),
  callTimeout: CALL_TIMEOUT,
  maxRequests: 3,
  store: localStorageStore(),
})
