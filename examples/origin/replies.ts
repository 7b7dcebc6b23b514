/**
 * Routes that answer with a complete reply, at once or late.
 *
 * @module
 */
import { STATUS_CODES } from "node:http"
import type { ServerResponse } from "node:http"
import { numberIn, pause, sendJson } from "./wire.ts"
import type { Exchange, Reply } from "./wire.ts"

export function sendOk(response: ServerResponse): void {
  sendJson(response, 200, { ok: true })
}

export async function sendSlowly(
  response: ServerResponse,
  ms: number,
  chunks: number,
): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/plain" }).flushHeaders()
  for (let chunk = 1; chunk <= chunks; chunk++) {
    if (!(await pause(response, ms))) return
    response.write(`chunk ${chunk}\n`)
  }
  response.end()
}

function status({ response, path, query }: Exchange): void {
  const code = Number(path.slice("/status/".length))
  // A 1xx status is not a final answer: clients would keep waiting for one.
  if (!Number.isInteger(code) || code < 200 || code > 999) {
    throw new RangeError(`The status must be from 200 to 999, got "${path}"`)
  }
  const retryAfter = query.get("retry-after")
  if (retryAfter !== null) response.setHeader("Retry-After", retryAfterHeader(retryAfter))
  response.writeHead(code, { "Content-Type": "text/plain" })
  response.end(query.get("body") ?? `${code} ${STATUS_CODES[code] ?? ""}`)
}

function retryAfterHeader(value: string): string {
  // An unescaped plus sign in "date:+5" arrives as a space.
  const seconds = /^date:([+ -]?)(\d+)$/.exec(value)
  if (!seconds) return value
  const wait = Number(seconds[2]) * (seconds[1] === "-" ? -1 : 1)
  // The format has no fractions: round up, so that the date is never nearer than asked for.
  return new Date((Math.ceil(Date.now() / 1000) + wait) * 1000).toUTCString()
}

function echo({ request, response, body }: Exchange): void {
  sendJson(response, 200, { method: request.method, headers: request.headers, body })
}

async function slow({ response, query }: Exchange): Promise<void> {
  if (await pause(response, numberIn(query, "ms", 200))) sendOk(response)
}

function redirect({ response, query }: Exchange): void {
  const code = numberIn(query, "status", 302)
  const to = query.get("to")
  if (![301, 302, 303, 307, 308].includes(code) || to === null) {
    throw new RangeError('A redirect needs "to" and a "status" of 301, 302, 303, 307 or 308')
  }
  response.writeHead(code, { Location: to }).end()
}

const replies: ReadonlyMap<string, Reply> = new Map<string, Reply>([
  ["/ok", ({ response }) => sendOk(response)],
  ["/echo", echo],
  ["/no-content", ({ response }) => void response.writeHead(204).end()],
  ["/slow", slow],
  [
    "/slow-body",
    ({ response, query }) =>
      sendSlowly(response, numberIn(query, "ms", 50), numberIn(query, "chunks", 5)),
  ],
  ["/redirect", redirect],
  [
    "/redirect-loop",
    ({ request, response }) =>
      void response.writeHead(302, { Location: request.url ?? "/redirect-loop" }).end(),
  ],
])

export function findReply(path: string): Reply | undefined {
  return path.startsWith("/status/") ? status : replies.get(path)
}
