import type { IncomingMessage, ServerResponse } from "node:http"

/**
 * The headers of every reply. The query changes them: `cors=none` leaves the CORS headers out,
 * `expose=1` lets scripts of other origins read `Retry-After`, `cache=` replaces `no-store`.
 */
export function setCommonHeaders(response: ServerResponse, query: URLSearchParams): void {
  response.setHeader("Cache-Control", query.get("cache") ?? "no-store")
  // Clients send a request again when a connection they had used before breaks, and count as one
  // call what arrives here as two. A new connection each time keeps most of them from it.
  response.setHeader("Connection", "close")
  // Chromium holds a reply back until it has enough of the body to guess its type from.
  response.setHeader("X-Content-Type-Options", "nosniff")

  if (query.get("cors") === "none") return
  response.setHeader("Access-Control-Allow-Origin", "*")
  response.setHeader("Access-Control-Allow-Methods", "*")
  // The wildcard leaves out Authorization, by the Fetch standard.
  response.setHeader("Access-Control-Allow-Headers", "*, Authorization")
  response.setHeader("Access-Control-Allow-Private-Network", "true")
  if (query.get("expose") === "1") {
    response.setHeader("Access-Control-Expose-Headers", "Retry-After")
  }
}

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === "OPTIONS" && headers["access-control-request-method"] !== undefined
}
