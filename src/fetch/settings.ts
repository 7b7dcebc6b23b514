/**
 * The settings of a wrapped fetch.
 *
 * @module
 */
import type { CircuitBreaker } from "../breaker.ts"
import { checkAll, COUNT, FUNCTION, NUMBER, OBJECT, oneOf, SHARE, type Rule } from "../core/check.ts"
import { createPolicy } from "../core/policy.ts"
import { report } from "../report.ts"
import { callSettings, type Settings } from "../settings.ts"
import type { RetryAfterSettings } from "./retry-after.ts"

/**
 * Settings of {@link wrapFetch}: those of each breaker, and these.
 *
 * The name of a breaker is its key. When `name` is set, it stands before the key, with a space between them.
 *
 * By default, a status of 500 or above, a 408 and a 429 are failures, and every other response is a success,
 * even an opaque one, whose status cannot be known; `isSuccessful` replaces this rule. A `Retry-After` header
 * counts unless `retryAfterOf` returns a number. Besides the calls that `isExcluded` names, failed calls are
 * excluded when the browser is offline, when the page is being left, and when `fetch` refused the arguments.
 */
export interface FetchSettings extends Settings<Response> {
  /**
   * Which breaker a call belongs to; `undefined` sends it straight through. `request` is the call's own where a
   * `Request` alone was given, with GET or HEAD; else it has only URL, method and headers. Not called for `blob:`
   * and `data:`, which go to no server.
   *
   * @defaultValue the origin
   */
  key?: ((request: Request) => string | undefined) | undefined
  /**
   * Settings for one key, which override the common ones. Called when the breaker for the key is made. A
   * setting that is `undefined` does not override the common one. A `windowSize` replaces a common `interval`, and
   * an `interval` a common `windowSize`.
   *
   * @defaultValue none
   */
  perKey?: ((key: string) => Settings<Response>) | undefined
  /**
   * How many breakers are kept; an integer from 1.
   *
   * @defaultValue 1000
   */
  maxBreakers?: number | undefined
  /**
   * What a rejected call gets: an error, or a response with status 503 and a `Retry-After`.
   *
   * @defaultValue `"error"`
   */
  rejectWith?: "error" | "response" | undefined
  /**
   * Returns a response in place of a call that was rejected, or that failed without a response. It gets the same
   * `request` as `key`. When it returns `undefined` or throws, the caller gets what it would have got without a
   * fallback. Not called when the caller aborted, when `fetch` refused the arguments, or when `isExcluded` excluded
   * the call. It is not waited for once the caller aborts.
   *
   * @defaultValue none
   */
  fallback?:
    | ((error: unknown, request: Request) => Response | undefined | Promise<Response | undefined>)
    | undefined
  /**
   * How far a `Retry-After` on a 429 or 503 lengthens the open period that it leads to; `false` ignores it.
   *
   * @defaultValue `{ max: 300_000, jitter: 0.25 }`
   */
  retryAfter?: RetryAfterSettings | false | undefined
  /**
   * Whether a response is counted when its headers or when its body have arrived. With `"body"`, a
   * body that breaks off is a failure, `callTimeout` covers the body, and each body has to be read
   * or cancelled. It is no byte stream then, and a service worker cannot pass on its `url` and `redirected`.
   *
   * @defaultValue `"headers"`
   */
  settleOn?: "headers" | "body" | undefined
  /**
   * Called with each breaker when it is made, before any call through it: when its first call comes or, with
   * `snapshot`, by `wrapFetch` itself. Here each breaker can be given listeners for all its events.
   *
   * @defaultValue none
   */
  onBreaker?: ((breaker: CircuitBreaker, key: string) => void) | undefined
  /**
   * A result of {@link BreakerRegistry.snapshot}, to start from.
   *
   * @defaultValue none
   */
  snapshot?: unknown
}

const RULES: Readonly<Record<string, Rule>> = {
  key: FUNCTION,
  perKey: FUNCTION,
  maxBreakers: COUNT,
  rejectWith: /* @__PURE__ */ oneOf("error", "response"),
  fallback: FUNCTION,
  onBreaker: FUNCTION,
  retryAfter: ["an object or false", (value) => value === false || OBJECT[1](value)],
  settleOn: /* @__PURE__ */ oneOf("headers", "body"),
}

const RETRY_AFTER_RULES: Readonly<Record<string, Rule>> = {
  max: NUMBER,
  jitter: SHARE,
}

/**
 * Checks all of the settings at once. Otherwise an invalid one would come up only when the first call makes a
 * breaker.
 *
 * @throws {RangeError | TypeError} that names the setting and its value.
 */
export function checkFetchSettings(settings: FetchSettings): void {
  checkAll(settings, RULES)
  callSettings(settings)
  createPolicy(settings, report)
  if (settings.retryAfter) checkAll(settings.retryAfter, RETRY_AFTER_RULES, "retryAfter.")
}
