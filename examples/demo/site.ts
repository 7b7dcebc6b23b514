/**
 * The server of the page: its files, its configuration, and its messages.
 *
 * All changes but `/bye` are PUTs with JSON, which a browser does not let pages of other origins send.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { DemoConfig, DemoStatus, TabReport } from "../browser/src/demo-status.ts"
import { listen } from "../origin/listen.ts"
import { parseMode, type Mode } from "../origin/modes.ts"
import { sendFile, type StaticFile } from "../origin/static-files.ts"
import { readBody, sendJson } from "../origin/wire.ts"
import { parseCallCount, parseTabReport } from "./messages.ts"

export interface SiteOptions {
  readonly port: number
  readonly files: ReadonlyMap<string, StaticFile>
  readonly config: DemoConfig
  hear(report: TabReport): void
  forget(id: string): void
  setMode(mode: Mode): void
  startTour(): void
  callWorker(count: number): void
  status(): DemoStatus
}

export interface Site {
  readonly url: string
  readonly port: number
}

const HOST = "127.0.0.1"

export async function startSite(options: SiteOptions): Promise<Site> {
  const changes: Readonly<Record<string, (value: unknown) => void>> = {
    "/status": (value) => options.hear(parseTabReport(value)),
    "/mode": (value) => options.setMode(parseMode(value)),
    "/tour": () => options.startTour(),
    "/worker-calls": (value) => options.callWorker(parseCallCount(value)),
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://site.invalid")
    response.setHeader("Cache-Control", "no-store")
    const change = request.method === "PUT" ? changes[pathname] : undefined
    if (change) {
      change(JSON.parse(await readBody(request)))
      sendJson(response, 200, options.status())
      return
    }
    // A page that is being left calls `sendBeacon`, which can only send a POST.
    if (request.method === "POST" && pathname === "/bye") {
      options.forget(searchParams.get("id") ?? "")
      response.writeHead(204).end()
      return
    }
    const file = options.files.get(pathname)
    if (pathname === "/config") sendJson(response, 200, options.config)
    else if (file) sendFile(response, file)
    else sendJson(response, 404, { error: `There is nothing at ${pathname}` })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) sendJson(response, 400, { error: String(error) })
    })
  })
  const port = await listen(server, options.port, HOST)
  return { url: `http://${HOST}:${port}`, port }
}
