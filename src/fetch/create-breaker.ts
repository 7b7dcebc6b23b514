/**
 * The breaker for one key of a wrapped fetch.
 *
 * @module
 */
import { CircuitBreaker } from "../breaker.ts"
import { ask, BOOLEAN, OBJECT, type Rule } from "../core/check.ts"
import { report } from "../report.ts"
import type { Settings } from "../settings.ts"
import { retryAfterOf } from "./retry-after.ts"
import type { FetchSettings } from "./settings.ts"

// An `async` one would always return an object, and say nothing.
const SETTINGS: Rule = ["settings", (value) => OBJECT[1](value) && !("then" in (value as object))]

/** Errors of calls that no origin is to blame for. */
export interface Faultless {
  /** To be excluded, from when they are caught to when they are judged; calls may fail with the same one. */
  readonly excused: unknown[]
  /** Excluded by `isExcluded`. */
  readonly excluded: WeakSet<object>
}

/**
 * Makes a breaker from the common settings and those for its key. Settings for a key that are wrong
 * are reported, and the common ones hold: they come up in the middle of a call.
 */
export function createBreaker(
  settings: FetchSettings,
  key: string,
  snapshot: unknown,
  faultless: Faultless,
): CircuitBreaker {
  const make = (own: Settings<Response> = {}): CircuitBreaker =>
    new CircuitBreaker({ snapshot, ...breakerSettings(settings, key, faultless, own) })
  if (!settings.perKey) return make()
  const own = ask(report, "perKey", SETTINGS, {}, settings.perKey, key)
  try {
    // What is undefined there is not set there.
    return make(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)))
  } catch (error) {
    report(error)
    return make()
  }
}

function breakerSettings(
  settings: FetchSettings,
  key: string,
  faultless: Faultless,
  own: Settings<Response>,
): Settings<Response> {
  const { retryAfter, name, snapshot: _, ...common } = settings
  const merged: Settings<Response> = { ...common, ...own }
  const { isExcluded, isSuccessful: successful = isSuccessful } = merged
  return {
    ...merged,
    name: own.name ?? (name ? `${name} ${key}` : key),
    isSuccessful: successful,
    isExcluded: (error, response) => {
      const place = faultless.excused.indexOf(error)
      if (place >= 0) {
        faultless.excused.splice(place, 1)
        return true
      }
      // A service worker may have answered for the origin.
      if (isOffline() && !ask(report, "isSuccessful", BOOLEAN, error === undefined, successful, error, response)) return true
      const excluded = isExcluded?.(error, response)
      if (excluded === true && typeof error === "object" && error !== null) faultless.excluded.add(error)
      return excluded as boolean
    },
    retryAfterOf:
      merged.retryAfterOf ??
      (retryAfter === false ? undefined : (_, response) => response && retryAfterOf(response, retryAfter)),
  }
}

/** Whether the browser says so. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false
}

// Status 0 is an opaque response: the request reached a server, and nothing more can be known.
function isSuccessful(error: unknown, response: Response | undefined): boolean {
  const status = response?.status ?? 0
  return error === undefined && status < 500 && status !== 408 && status !== 429
}
