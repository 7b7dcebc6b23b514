/**
 * A real HTTP origin on a loopback socket that fails on command.
 *
 * A fault is chosen by the path (`/status/503`, `/reset`, `/hang`, ...), so that calls made at the
 * same time do not disturb each other; `/api` alone follows {@link Origin.mode}. Needs Node: only
 * there is `resetAndDestroy()` known to put a real RST on the wire.
 *
 * @module
 */
import { createServer } from "node:http"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { Api } from "./api.ts"
import { openDoor, type Door } from "./door.ts"
import { findFault } from "./faults.ts"
import { isPreflight, setCommonHeaders } from "./headers.ts"
import { Hits } from "./hits.ts"
import { listen } from "./listen.ts"
import type { Mode } from "./modes.ts"
import { refusingPort } from "./refusing-port.ts"
import { findReply } from "./replies.ts"
import { findFile, sendFile } from "./static-files.ts"
import type { StaticFiles } from "./static-files.ts"
import { readBody, reset, sendJson } from "./wire.ts"
import type { Reply } from "./wire.ts"

export type { Mode, StaticFiles }

export interface OriginOptions {
  /** Taken if it is free, else any free one. 0 asks for any. */
  readonly port?: number
  readonly host?: string
  /** Served at paths that are no route of the origin's own. */
  readonly files?: StaticFiles
}

export interface Origin extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Where a connection is refused, for as long as the origin runs. */
  readonly refusedUrl: string
  /** Requests that reached a fault route or `/api`. Clients may send one again on their own. */
  readonly total: number
  /**
   * How `/api` behaves. Setting it resets the requests that the earlier mode left hanging; what is
   * no mode throws, as `parseMode` does, and changes nothing.
   */
  mode: Mode
  /** Requests that carried `?id=` with this value. Preflights are never counted. */
  hits(id: string): number
  /**
   * Listens on one more port, and gives the URL. A browser makes six connections to a port and no
   * more, so two clients in one page need two of them not to wait for each other.
   */
  alsoAt(port?: number): Promise<string>
  close(): Promise<void>
}

/** Starts an origin on `host`, by default `127.0.0.1`. */
export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const { port: wanted = 0, host = "127.0.0.1", files = {} } = options
  const api = new Api()
  const hits = new Hits()

  function route(method: string, path: string, query: URLSearchParams): Reply | undefined {
    if (path === "/hits") return (exchange) => hits.report(exchange)
    if (path === "/mode") return (exchange) => api.control(exchange)

    const isApi = path === "/api" || path.startsWith("/api/")
    const reply = isApi ? api.accept() : (findFault(path) ?? findReply(path))
    hits.count(query.get("id"), reply !== undefined)
    if (reply) return reply

    const file = method === "GET" || method === "HEAD" ? findFile(files, path) : undefined
    return file && (({ response }) => sendFile(response, file))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://origin.invalid")
    const query = url.searchParams
    setCommonHeaders(response, query)
    if (isPreflight(request)) {
      response.writeHead(204).end()
      return
    }
    const path = url.pathname
    const reply = route(request.method ?? "GET", path, query)

    // A socket closed with unread input is reset by the kernel, whatever was meant: read it all.
    const body = await readBody(request)
    if (reply) await reply({ request, response, query, path, body })
    else sendJson(response, 404, { error: `There is nothing at ${path}` })
  }

  // Nothing here may end on a limit of its own, only on command.
  const server = createServer({ requestTimeout: 0, headersTimeout: 0 })
  server.on("request", (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (request.socket.destroyed) return
      if (response.headersSent) reset(request.socket)
      else sendJson(response, 400, { error: error instanceof Error ? error.message : "Failed" })
    })
  })
  const sockets = new Set<Socket>()
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })

  const port = await listen(server, wanted, host)
  const refusing = await refusingPort()
  const doors: Door[] = []
  const urlOf = (port: number): string => `http://${host.includes(":") ? `[${host}]` : host}:${port}`

  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve())
      for (const door of doors) door.close()
      for (const socket of sockets) socket.destroy()
      refusing.release()
    })
    return closed
  }

  return {
    url: urlOf(port),
    port,
    refusedUrl: `http://127.0.0.1:${refusing.port}`,
    get total() {
      return hits.total
    },
    get mode() {
      return api.mode
    },
    set mode(mode) {
      api.mode = mode
    },
    hits: (id) => hits.of(id),
    async alsoAt(wanted = 0) {
      const door = await openDoor(server, wanted, host)
      doors.push(door)
      return urlOf(door.port)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
