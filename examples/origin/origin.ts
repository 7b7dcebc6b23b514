/**
 * A real HTTP origin on a loopback socket that fails on command.
 *
 * The path chooses the fault (`/status/503`, `/reset`, `/hang`, ...), so that calls made at the same time do
 * not disturb each other. Only `/api` follows {@link Origin.mode}. Needs Node: only there is
 * `resetAndDestroy()` known to send a real RST.
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
  /** The wanted port; any free one is used if it is in use. 0 asks for any free port. */
  readonly port?: number
  readonly host?: string
  /** Files to serve at paths that are not routes of the origin itself. */
  readonly files?: StaticFiles
}

export interface Origin extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** A URL that refuses connections for as long as the origin runs. */
  readonly refusedUrl: string
  /** Requests that reached a route other than `/hits`, `/mode` and files. Clients may send one again on their own. */
  readonly total: number
  /**
   * How `/api` behaves. Setting it resets the requests that hang since the earlier mode. An invalid mode
   * throws, as in `parseMode`, and changes nothing.
   */
  mode: Mode
  /** Requests that carried `?id=` with this value. Preflights are never counted. */
  hits(id: string): number
  /**
   * Listens on one more port, and returns its URL. A browser makes at most six connections to a port, so two
   * clients in one page need two ports, or they would wait for each other.
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

    // The kernel resets a socket that is closed with unread input, so all of it is read first.
    const body = await readBody(request)
    if (reply) await reply({ request, response, query, path, body })
    else sendJson(response, 404, { error: `There is nothing at ${path}` })
  }

  // No time limits: requests must end only on command.
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
