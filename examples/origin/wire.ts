/**
 * The parts of a reply, and the ways a connection can end.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"

/** One request, read to its end. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

export type Reply = (exchange: Exchange) => void | Promise<void>

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value))
}

/** Ends the connection with RST. */
export function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy()
}

/** Ends the connection with FIN; what was written before is still delivered. */
export function finish(socket: Socket): void {
  socket.end()
}

/** Waits. The result is whether the connection is still open. */
export function pause(response: ServerResponse, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      response.off("close", onClose)
      resolve(!response.destroyed)
    }, ms)
    response.once("close", onClose)
  })
}

/** Reads a whole number from the query. */
export function numberIn(
  query: URLSearchParams,
  name: string,
  fallback: number,
  max = 600_000,
): number {
  const text = query.get(name)
  if (text === null) return fallback
  const number = Number(text)
  if (/^\d+$/.test(text) && number <= max) return number
  throw new RangeError(`"${name}" must be a whole number from 0 to ${max}, got "${text}"`)
}
