/**
 * The settings of a wrapped fetch.
 *
 * @module
 */
import { checkAll, FUNCTION, INTEGER, NUMBER, OBJECT, oneOf, type Rule } from "../core/check.ts"
import { createPolicy } from "../core/policy.ts"
import { report } from "../report.ts"
import { callSettings, type Settings } from "../settings.ts"
import type { RetryAfterSettings } from "./retry-after.ts"

/**
 * Settings of {@link wrapFetch}: those of each breaker, and these.
 *
 * The name of a breaker is its key, after `name` and a space when there is one.
 *
 * For `isSuccessful` the default is: a status from 500, 408 and 429 are failures, every other
 * response is a success; an opaque response, whose status cannot be known, is one too. Failed calls
 * are excluded, besides those that `isExcluded` names, when the browser is offline, when the page is
 * being left, and when `fetch` refused the arguments.
 */
export interface FetchSettings extends Settings<Response> {
  /**
   * Which breaker a call belongs to; `undefined` sends it straight through. `request` has no body. Not asked
   * for `blob:` and `data:`, which go to nobody.
   *
   * @defaultValue the origin
   */
  key?: ((request: Request) => string | undefined) | undefined
  /**
   * Settings for one key, over the common ones; asked when its first call is made. What is `undefined`
   * there is as in the common ones.
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
   * Stands in for a call that was rejected or that failed without a response. `undefined` gives the
   * caller what it would have got anyway, and so does a fallback that throws. Not asked when the caller aborted, when `fetch` refused the
   * arguments, nor for what `isExcluded` names.
   *
   * @defaultValue none
   */
  fallback?:
    | ((error: unknown, request: Request) => Response | undefined | Promise<Response | undefined>)
    | undefined
  /**
   * How far a `Retry-After` on a 429 or 503 lengthens the open period that it leads to; `false`
   * takes no notice of it.
   *
   * @defaultValue `{ max: 300_000, jitter: 0.25 }`
   */
  retryAfter?: RetryAfterSettings | false | undefined
  /**
   * Whether a response is counted when its headers or when its body have arrived. With `"body"`, a
   * body that breaks off is a failure, `callTimeout` covers the body, and each body has to be read
   * or cancelled.
   *
   * @defaultValue `"headers"`
   */
  settleOn?: "headers" | "body" | undefined
  /**
   * What {@link BreakerRegistry.snapshot} gave, to start from.
   *
   * @defaultValue none
   */
  snapshot?: unknown
}

const RULES: Readonly<Record<string, Rule>> = {
  key: FUNCTION,
  perKey: FUNCTION,
  maxBreakers: ["an integer from 1", (value) => INTEGER[1](value) && value !== 0],
  rejectWith: /* @__PURE__ */ oneOf("error", "response"),
  fallback: FUNCTION,
  retryAfter: ["an object or false", (value) => value === false || OBJECT[1](value)],
  settleOn: /* @__PURE__ */ oneOf("headers", "body"),
}

const RETRY_AFTER_RULES: Readonly<Record<string, Rule>> = {
  max: NUMBER,
  jitter: ["a number from 0 to 1", (value) => NUMBER[1](value) && (value as number) <= 1],
}

/**
 * Checks all of the settings: what is wrong is told before the first call makes a breaker of them.
 *
 * @throws {RangeError | TypeError} that names the setting and its value.
 */
export function checkFetchSettings(settings: FetchSettings): void {
  checkAll(settings, RULES)
  callSettings(settings)
  createPolicy(settings, report)
  if (settings.retryAfter) checkAll(settings.retryAfter, RETRY_AFTER_RULES, "retryAfter.")
}
