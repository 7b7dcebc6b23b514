/**
 * Routes whose reply is never complete.
 *
 * Routes that cut a reply close the connection `?ms=` after its last byte. A client that receives the bytes
 * and the end of the connection together may lose the bytes, or, as Node does, take an RST for a FIN.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises"
import { finish, numberIn, pause, reset } from "./wire.ts"
import type { Exchange, Reply } from "./wire.ts"

type Cut = typeof reset | typeof finish

const part = "x".repeat(100)
const partAndMore = String(part.length + 900)

/** Starts a reply with `begin`, then cuts it. */
function cutAfter(begin: (exchange: Exchange) => void, cut: Cut): Reply {
  return async (exchange) => {
    const wait = numberIn(exchange.query, "ms", 20)
    // With "Connection: close", Node's fetch takes a chunked body that is cut off for a complete one.
    exchange.response.setHeader("Connection", "keep-alive")
    begin(exchange)
    if (!(await pause(exchange.response, wait))) return
    // Even if the timer was late, a client in this process gets to read the bytes first.
    await setImmediate()
    cut(exchange.request.socket)
  }
}

function beginHeaders({ request }: Exchange): void {
  request.socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Cut-He")
}

function beginBody({ response }: Exchange): void {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": partAndMore })
  response.write(part)
}

function beginChunks({ response }: Exchange): void {
  response.writeHead(200, { "Content-Type": "text/plain", "Transfer-Encoding": "chunked" })
  response.write(part)
}

/** Sends `body=` before it hangs: Firefox reports no response until the first byte of its body. */
function hangBody({ response, query }: Exchange): void {
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": partAndMore })
  response.flushHeaders()
  response.write(query.get("body") ?? "")
}

function garbage({ request }: Exchange): void {
  request.socket.write("SSH-2.0-OpenSSH_9.6\r\n")
  finish(request.socket)
}

const faults: ReadonlyMap<string, Reply> = new Map<string, Reply>([
  ["/reset", ({ request }) => reset(request.socket)],
  ["/close", ({ request }) => finish(request.socket)],
  ["/reset-headers", cutAfter(beginHeaders, reset)],
  ["/reset-body", cutAfter(beginBody, reset)],
  ["/truncated", cutAfter(beginBody, finish)],
  ["/truncated-chunked", cutAfter(beginChunks, finish)],
  ["/hang", () => {}],
  ["/hang-body", hangBody],
  ["/garbage", garbage],
])

export function findFault(path: string): Reply | undefined {
  return faults.get(path)
}
