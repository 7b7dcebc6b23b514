/**
 * The breaker for one key of a wrapped fetch.
 *
 * @module
 */
import { CircuitBreaker } from "../breaker.ts"
import { ask, BOOLEAN, checkAnswer, NUMBER, OBJECT, type Rule } from "../core/check.ts"
import { report } from "../report.ts"
import type { Settings } from "../settings.ts"
import { retryAfterOf as headerWait } from "./retry-after.ts"
import type { FetchSettings } from "./settings.ts"

// Refuses a promise: the object that an `async` callback returns contains no settings.
const SETTINGS: Rule = ["settings", (value) => value === undefined || (OBJECT[1](value) && !("then" in (value as object)))]

/** A callback that is asked about the end of a call. */
type Classifier<T> = (error: unknown, response: Response | undefined) => T

/**
 * Makes a breaker from the common settings and those for its key. Invalid settings for a key are reported,
 * not thrown, since they come up in the middle of a call; the common ones apply then.
 *
 * @param excluded - Gets the errors that the user's `isExcluded` excludes.
 */
export function createBreaker(
  settings: FetchSettings,
  key: string,
  snapshot: unknown,
  excluded: WeakSet<object>,
): CircuitBreaker {
  const { name, retryAfter } = settings
  const make = (own: Settings<Response> = {}): CircuitBreaker => {
    const merged: Settings<Response> = { ...settings, name: name ? `${name} ${key}` : key, snapshot }
    // A breaker has one window: one of another kind replaces the common one.
    if (own.windowSize) merged.interval = merged.bucketPeriod = undefined
    if (own.interval) merged.windowSize = undefined
    // An `undefined` setting must not override the common one.
    for (const [name, value] of Object.entries(own)) if (value !== undefined) merged[name as keyof Settings] = value
    return new CircuitBreaker(withRulesOfHttp(merged, retryAfter, excluded))
  }
  try {
    return make(checkAnswer(report, "perKey", SETTINGS, settings.perKey?.(key)))
  } catch (error) {
    report(error)
    return make()
  }
}

/**
 * Settings whose callbacks are asked here, not by the breaker: where they give no valid answer, the rules of HTTP
 * apply, which the breaker does not know.
 */
function withRulesOfHttp(
  settings: Settings<Response>,
  retryAfter: FetchSettings["retryAfter"],
  excluded: WeakSet<object>,
): Settings<Response> {
  const { isExcluded, isSuccessful, retryAfterOf } = settings
  const successful: Classifier<boolean> = (error, response) =>
    ask(report, "isSuccessful", BOOLEAN, isSuccess(error, response), isSuccessful, error, response)
  const wait: Classifier<number | undefined> = (error, response) =>
    ask(report, "retryAfterOf", NUMBER, undefined, retryAfterOf, error, response) ??
    (response && retryAfter !== false ? headerWait(response, retryAfter) : undefined)
  return {
    ...settings,
    isSuccessful: successful,
    isExcluded: (error, response) => {
      // Several calls may fail with the same error: the last answer about it is valid.
      excluded.delete(error as object)
      // Only a failure: a service worker may answer while the browser is offline.
      if (isOffline() && !successful(error, response)) return true
      const answer = isExcluded?.(error, response)
      if (answer === true && OBJECT[1](error)) excluded.add(error as object)
      return answer as boolean
    },
    retryAfterOf: wait,
  }
}

/** Whether the browser reports that it is offline. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false
}

// Status 0 means an opaque response: the request reached a server, and nothing more can be known.
function isSuccess(error: unknown, response: Response | undefined): boolean {
  const status = response?.status ?? 0
  return error === undefined && status < 500 && status !== 408 && status !== 429
}
