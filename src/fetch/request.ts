/**
 * What the arguments of `fetch` tell about a call, without sending it.
 *
 * @module
 */

import { isSignal } from "../when-aborted.ts"

const BODILESS = /^(get|head)$/i

/** The first argument of `fetch`. */
export type FetchInput = string | URL | Request

/**
 * The origin a call goes to. `undefined` when its URL is invalid, has no origin (`data:`), or is local
 * (`blob:`, whose origin is that of the page which made it).
 */
export function originOf(input: FetchInput): string | undefined {
  try {
    const base = typeof document === "undefined" ? globalThis.location?.href : document.baseURI
    const { origin, protocol } = new URL(urlOf(input), base)
    return origin === "null" || protocol === "blob:" ? undefined : origin
  } catch {
    return undefined
  }
}

/** The signal by which the caller may abort; the one of `init` replaces the one of a `Request`. */
export function signalOf(input: FetchInput, init: RequestInit | undefined): AbortSignal | undefined {
  const signal = init?.signal === undefined ? asRequest(input)?.signal : init.signal
  // A value that is not a signal is left to `fetch`, which refuses it.
  return isSignal(signal) ? signal : undefined
}

/** The call's method, as it was given. */
export function methodOf(input: FetchInput, init: RequestInit | undefined): string {
  return init?.method ?? asRequest(input)?.method ?? "GET"
}

/**
 * The call as a `Request` for callbacks: the one that it was made with, if that says all. Otherwise another, without
 * a body, since a body can be read only once.
 */
export function describe(input: FetchInput, init: RequestInit | undefined): Request {
  if (init === undefined && input instanceof Request && BODILESS.test(input.method)) return input
  const { headers = asRequest(input)?.headers } = init ?? {}
  return new Request(urlOf(input), { method: methodOf(input, init), ...(headers && { headers }) })
}

/** `init`, with headers that can be read more than once: an iterator yields them only once. */
export function rereadable(init: RequestInit | undefined): RequestInit | undefined {
  const headers = init?.headers
  const once = typeof (headers as { next?: unknown } | undefined)?.next === "function"
  return once ? override(init, { headers: [...(headers as [string, string][])] }) : init
}

/**
 * `init` with some fields replaced. It is copied, or wrapped when its fields may come from a prototype: a
 * `Request` may be passed as `init`.
 */
export function override(init: RequestInit | undefined, fields: RequestInit): RequestInit {
  if (init == null) return fields
  // `fetch` refuses it: an index, say, after `urls.map(safeFetch)`.
  if (Object(init) !== init) return init
  const prototype: unknown = Object.getPrototypeOf(init)
  if (prototype === Object.prototype || prototype === null) return { ...init, ...fields }
  // The target is an empty object: a proxy of a frozen `init` could not return other values.
  return new Proxy({}, { get: (_, key) => (key in fields ? fields : init)[key as keyof RequestInit] })
}

/**
 * `init` with another signal. An `init` that is not empty resets the referrer and the referrer policy of a
 * `Request` (Fetch, "new Request"). They are passed on where the caller gave no such `init`.
 *
 * What a service worker gets of a page may not have an `init`: a navigation would become a request of the worker's own,
 * so that a form which another site posts is sent with the cookies of this one, and a media element's would lose its
 * range. Such a request keeps its own signal.
 */
export function withSignal(
  input: FetchInput,
  init: RequestInit | undefined,
  signal: AbortSignal | undefined,
): RequestInit | undefined {
  let request = asRequest(input)
  // Any field counts, also one of a prototype, which `Object.keys` would not list.
  for (const _ in init) request = undefined
  if (request?.mode === "navigate" || (request?.mode === "no-cors" && request.headers.has("range"))) return init
  const kept = request && { referrer: request.referrer, referrerPolicy: request.referrerPolicy }
  return override(init, { ...kept, signal: signal ?? null })
}

/**
 * Whether `fetch` refuses the arguments themselves. It rejects then as it does for a lost connection, so this
 * is checked after a failure.
 *
 * @param used - Whether the body had been read, or that of `init` was being read, before the call.
 */
export function isRefused(input: FetchInput, init: RequestInit | undefined, used: boolean): boolean {
  try {
    const request = asRequest(input)
    // A body that is locked now but was not used by the call was being read by somebody else.
    if (used || (!init?.body && !request?.bodyUsed && request?.body?.locked)) return true
    if (BODILESS.test(methodOf(input, init)) && (init?.body ?? request?.body) != null) return true
    if (init?.signal && !isSignal(init.signal)) return true
    // An empty stream stands in for one that the call has used up. Without the signal: a `Request` would leave a
    // listener on it.
    const body = init?.body instanceof ReadableStream ? new ReadableStream() : null
    new Request(urlOf(input), override(init, { method: methodOf(input, init), body, signal: null }))
    return false
  } catch {
    return true
  }
}

/**
 * Whether the body was used before the call: it has been read, or the body of `init` (which replaces that of a
 * `Request`) is being read. `Request.body` itself is not touched here: Deno then sends it chunked, without a
 * `content-length`.
 */
export function isUsed(input: FetchInput, init: RequestInit | undefined): boolean {
  if (init?.body) return init.body instanceof ReadableStream && init.body.locked
  return asRequest(input)?.bodyUsed ?? false
}

// Checked by its shape: a `Request` may come from another realm or from a polyfill.
function asRequest(input: FetchInput): Request | undefined {
  return typeof input === "object" && "url" in input ? input : undefined
}

function urlOf(input: FetchInput): string {
  return asRequest(input)?.url ?? String(input)
}
