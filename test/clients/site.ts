/**
 * The servers that the clients call: origins on real sockets that answer JSON, or fail on command.
 *
 * @module
 */
import { createServer } from "node:http"
import { listen } from "../../examples/origin/listen.ts"
import { startOrigin, type Mode } from "../../examples/origin/origin.ts"

export interface Site extends AsyncDisposable {
  /** The URL for a client. All paths below it are answered too. */
  readonly url: string
  /** Requests that arrived, as counted by the server. */
  readonly requests: number
  /** The status of the answers: 200, or that of a failure. */
  status: number
}

/** The fault origin, which answers `{ ok: true }`. */
export function faultSite(): Promise<Site> {
  return siteIn({ kind: "healthy" })
}

/** The fault origin, which never answers. */
export function hangingSite(): Promise<Site> {
  return siteIn({ kind: "hanging" })
}

async function siteIn(mode: Mode): Promise<Site> {
  const origin = await startOrigin()
  origin.mode = mode
  return {
    url: `${origin.url}/api`,
    get requests() {
      return origin.total
    },
    get status() {
      return origin.mode.kind === "failing" ? (origin.mode.status ?? 500) : 200
    },
    set status(status) {
      origin.mode = status === 200 ? { kind: "healthy" } : { kind: "failing", rate: 1, status }
    },
    [Symbol.asyncDispose]: origin.close,
  }
}

/** Gives every request the same answer, for clients that expect JSON of a certain shape. */
export async function jsonSite(answer: object): Promise<Site> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    // The body is read to its end, since otherwise closing the connection would reset it.
    request.resume().once("end", () => {
      const headers = { "Content-Type": "application/json", Connection: "close" }
      response.writeHead(site.status, headers)
      response.end(JSON.stringify(site.status === 200 ? answer : {}))
    })
  })
  const port = await listen(server, 0, "127.0.0.1")
  const site: Site = {
    url: `http://127.0.0.1:${port}`,
    get requests() {
      return requests
    },
    status: 200,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return site
}
