/**
 * Copies of responses, served while the origin fails: `stale-if-error` of RFC 5861, which the Cache API does
 * not do by itself.
 *
 * @module
 */

// Seconds to keep a copy: longer than an outage should last.
const KEEP = 24 * 3_600
// A cache of its own, separate from the one that `fetch` uses.
const NAME = "stale-if-error"

/** Keeps a copy of a response if it is public. Returns the response. */
export function keepCopy(request: Request, response: Response, waitUntil: (promise: Promise<unknown>) => void): Response {
  if (request.method !== "GET" || !isPublic(request) || !isKept(response)) return response
  const copy = new Response(response.clone().body, response)
  copy.headers.set("cache-control", `max-age=${KEEP}`)
  waitUntil(open().then((cache) => cache.put(request.url, copy)).catch(() => {}))
  return response
}

/** The copy, if there is one. */
export async function staleCopy(request: Request): Promise<Response | undefined> {
  if (!isPublic(request)) return undefined
  const cache = await open()
  const found = await cache.match(request.url)
  if (!found) return undefined
  const copy = new Response(request.method === "HEAD" ? null : found.body, found)
  copy.headers.set("cache-control", "no-store")
  copy.headers.set("cache-status", "protected-origin; hit; detail=stale-if-error")
  return copy
}

function open(): Promise<Cache> {
  return caches.open(NAME)
}

function isPublic({ method, headers }: Request): boolean {
  return (method === "GET" || method === "HEAD") && !headers.has("authorization") && !headers.has("cookie")
}

function isKept({ status, headers }: Response): boolean {
  const forbidden = /\b(no-store|private)\b/i.test(headers.get("cache-control") ?? "")
  return status === 200 && !forbidden && !headers.has("set-cookie") && !headers.has("vary")
}
