/**
 * The breaker for one key of a wrapped fetch.
 *
 * @module
 */
import { CircuitBreaker } from "../breaker.ts"
import { report } from "../report.ts"
import type { Settings } from "../settings.ts"
import { retryAfterOf } from "./retry-after.ts"
import type { FetchSettings } from "./settings.ts"

/**
 * Makes a breaker from the common settings and those for its key. Settings for a key that are wrong
 * are reported, and the common ones hold: they come up in the middle of a call.
 *
 * @param excused - Errors to exclude; each is taken out as it is asked for.
 */
export function createBreaker(settings: FetchSettings, key: string, excused: Set<unknown>): CircuitBreaker {
  const make = (own?: Settings<Response>): CircuitBreaker =>
    new CircuitBreaker(breakerSettings(settings, key, excused, own))
  if (!settings.perKey) return make()
  try {
    return make(settings.perKey(key))
  } catch (error) {
    report(error)
    return make()
  }
}

function breakerSettings(
  settings: FetchSettings,
  key: string,
  excused: Set<unknown>,
  own?: Settings<Response>,
): Settings<Response> {
  const { retryAfter, snapshot, name } = settings
  const merged: Settings<Response> = { ...settings, ...own }
  const { isExcluded } = merged
  return {
    ...merged,
    name: own?.name ?? (name ? `${name} ${key}` : key),
    isSuccessful: merged.isSuccessful ?? isSuccessful,
    isExcluded: (error, response) => excused.delete(error) || (isExcluded?.(error, response) ?? false),
    retryAfterOf:
      merged.retryAfterOf ??
      (retryAfter === false ? undefined : (_, response) => response && retryAfterOf(response, retryAfter)),
    snapshot: own?.snapshot ?? (snapshot as Record<string, unknown> | null | undefined)?.[key],
  }
}

// Status 0 is an opaque response: the request reached a server, and nothing more can be known.
function isSuccessful(error: unknown, response: Response | undefined): boolean {
  const status = response?.status ?? 0
  return error === undefined && status < 500 && status !== 408 && status !== 429
}
