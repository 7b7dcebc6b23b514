import type { IncomingMessage, ServerResponse } from "node:http"

/**
 * The headers of every reply. The query changes them: `cors=none` leaves the CORS headers out,
 * `expose=1` lets scripts of other origins read `Retry-After`, `cache=` replaces `no-store`.
 */
export function setCommonHeaders(response: ServerResponse, query: URLSearchParams): void {
  response.setHeader("Cache-Control", query.get("cache") ?? "no-store")
  // When a reused connection breaks, clients send the request again, so one call arrives here as two
  // requests. A new connection for each request prevents most of that.
  response.setHeader("Connection", "close")
  // Otherwise Chromium holds a reply back until it has enough of the body to guess its type.
  response.setHeader("X-Content-Type-Options", "nosniff")

  if (query.get("cors") === "none") return
  response.setHeader("Access-Control-Allow-Origin", "*")
  response.setHeader("Access-Control-Allow-Methods", "*")
  // In the Fetch standard, the wildcard does not include Authorization.
  response.setHeader("Access-Control-Allow-Headers", "*, Authorization")
  response.setHeader("Access-Control-Allow-Private-Network", "true")
  if (query.get("expose") === "1") {
    response.setHeader("Access-Control-Expose-Headers", "Retry-After")
  }
}

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined
}
