/**
 * `fetch`, with a circuit breaker for each origin.
 *
 * @module
 */
import { check, checkAnswer, type Rule } from "../core/check.ts"
import { bounded, Interruption } from "../deadline.ts"
import { CircuitBreakerError } from "../errors.ts"
import { report, runAndReport } from "../report.ts"
import { watchBody } from "./body.ts"
import { createBreaker, isOffline } from "./create-breaker.ts"
import { isLeaving, watchLeaving } from "./leaving.ts"
import { BreakerRegistry } from "./registry.ts"
import {
  describe,
  isRefused,
  isUsed,
  methodOf,
  originOf,
  rereadable,
  signalOf,
  withSignal,
  type FetchInput,
} from "./request.ts"
import { checkFetchSettings, type FetchSettings } from "./settings.ts"

/** What is called as `fetch` is. The platform's own may have further properties, as in Bun. */
export interface FetchLike {
  (input: string | URL | Request, init?: RequestInit): Promise<Response>
}

/** A `fetch` that is protected by {@link BreakerFetch.breakers}. */
export interface BreakerFetch extends FetchLike {
  /** The breakers, by key. */
  readonly breakers: BreakerRegistry
}

const DEFAULT_MAX_BREAKERS = 1_000
const KEY: Rule = ["a string or undefined", (value) => value === undefined || typeof value === "string"]
// Checked by its shape: a response may come from another realm or from a polyfill.
const RESPONSE: Rule = ["a Response or undefined", (value) => typeof (value as Response).headers?.get === "function"]

/**
 * Wraps `fetch`: the same signature and the same `Response`, and a {@link CircuitBreaker} for each
 * origin that rejects calls to it while it is down.
 *
 * The response that opens a breaker still reaches its caller. Set `callTimeout`: otherwise a server that
 * hangs never counts as failing. If all callers use `AbortSignal.timeout()`, set `callerTimeout: "failure"`
 * instead.
 *
 * @param fetch - The function to wrap; the global one, looked up at each call, by default. Give it when the global
 * one will be replaced by a function that waits for something and then calls the wrapped one.
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { wrapFetch } from "webbreaker"
 *
 * const safeFetch = wrapFetch(fetch, { callTimeout: 5_000 })
 * const response = await safeFetch("https://api.example/items")
 * ```
 */
export function wrapFetch(fetch?: FetchLike, options: FetchSettings = {}): BreakerFetch {
  if (fetch !== undefined && typeof fetch !== "function") {
    throw new TypeError(`fetch must be a function: got ${String(fetch)}`)
  }
  checkFetchSettings(options)
  watchLeaving()
  const settings = { ...options }
  const excluded = new WeakSet<object>()
  const breakers = new BreakerRegistry(
    (key, snapshot) => createBreaker(settings, key, snapshot, excluded),
    (breaker, key) => runAndReport(() => settings.onBreaker?.(breaker, key)),
    settings.maxBreakers ?? DEFAULT_MAX_BREAKERS,
    settings.snapshot,
  )
  const { fetch: original } = globalThis
  /** What the global `fetch` is being called for, if it is. */
  let sending: readonly [FetchInput] | undefined
  // Looked up at each call, so that a later replacement of the global `fetch` is used.
  const send: FetchLike = (input, init) => {
    if (fetch) return fetch(input, init)
    const outer = sending
    sending = [input]
    try {
      return globalThis.fetch(input, init)
    } finally {
      sending = outer
    }
  }

  async function breakerFetch(input: FetchInput, given?: RequestInit): Promise<Response> {
    // The global `fetch` is this function, or calls it in turn: to look it up again would never end. But a call to
    // another origin that a replacement makes first, say for a token, is one like any other.
    if (sending && originOf(sending[0]) === originOf(input)) return original(input, given)
    const init = rereadable(given)
    const key = keyOf(settings, input, init)
    if (key === undefined) return send(input, init)
    const caller = signalOf(input, init)
    const used = isUsed(input, init)
    try {
      return await new Promise<Response>((resolve, reject) => {
        const attempt = async (signal: AbortSignal | undefined): Promise<Response> => {
          try {
            const sent = signal === caller ? init : withSignal(input, init, signal)
            const response = await send(input, sent)
            // It was sent without the signal, and nobody will read it.
            if (signal?.aborted && signal !== caller && sent === init) void response.body?.cancel().catch(() => {})
            if (settings.settleOn !== "body" || /^head$/i.test(methodOf(input, init))) return response
            return await watchBody(response, resolve, () => call)
          } catch (error) {
            // An aborted call is judged by its signal, not by this error.
            const isMishap = !signal?.aborted && (isOffline() || isRefused(input, init, used) || (await isLeaving()))
            if (!isMishap || signal?.aborted) throw error
            // `isExcluded` is not asked, so what it said about the same error before does not matter.
            excluded.delete(error as object)
            throw new Interruption("mishap", error)
          }
        }
        const call = breakers.use(key, (breaker) => breaker.execute(attempt, { signal: caller }))
        call.then(resolve, reject)
      })
    } catch (error) {
      if (caller?.aborted || excluded.has(error as object)) throw error
      const { fallback, rejectWith } = settings
      try {
        const substitute =
          fallback &&
          !isRefused(input, init, used) &&
          // The caller may still abort, though the call itself has ended.
          (await bounded(() => fallback(error, describe(input, init)), caller, 0))
        if (substitute) {
          check("fallback()", substitute, RESPONSE)
          return substitute
        }
      } catch (thrown) {
        if (thrown instanceof Interruption) throw thrown.reason
        report(thrown)
      }
      if (rejectWith === "response" && error instanceof CircuitBreakerError) return unavailable(error)
      throw error
    }
  }

  return Object.assign(breakerFetch, { breakers })
}

function keyOf(settings: FetchSettings, input: FetchInput, init: RequestInit | undefined): string | undefined {
  const origin = originOf(input)
  if (!settings.key) return origin
  let request: Request
  try {
    request = describe(input, init)
  } catch {
    // Such a call cannot be sent either.
    return origin
  }
  try {
    // There is no server that could be down.
    if (/^(blob|data):/.test(request.url)) return undefined
    return checkAnswer(report, "key", KEY, settings.key(request))
  } catch (error) {
    report(error)
    return origin
  }
}

/** The response to a rejected call: what a server that is overloaded would answer (RFC 9110 section 15.6.4). */
function unavailable({ message, retryAfter }: CircuitBreakerError): Response {
  const headers = new Headers({ "content-type": "text/plain" })
  if (retryAfter < Infinity) headers.set("retry-after", String(Math.ceil(retryAfter / 1_000)))
  return new Response(message, { status: 503, statusText: "Service Unavailable", headers })
}
