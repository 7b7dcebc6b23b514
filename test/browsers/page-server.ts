import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface PageServer {
  readonly origin: string
  close(): Promise<void>
}

const page = (path: string): string => `<!doctype html>
<title>${path}</title>
<h1>${path}</h1>
<script>
  var shows = []
  addEventListener("pageshow", (event) => shows.push(event.persisted))
</script>`

const faulty = `<!doctype html>
<script>
  console.error("said", 1)
  setTimeout(() => { throw new RangeError("thrown") })
</script>`

/**
 * Serves a page under every path. `/faulty` complains on the console, `/hang` never answers,
 * `/empty` answers 204, and `/strict` forbids every script but the driver's.
 */
export async function startPageServer(): Promise<PageServer> {
  const server = createServer((request, response) => {
    const path = request.url ?? "/"
    if (path === "/hang") return
    if (path === "/empty") {
      response.writeHead(204).end()
      return
    }
    if (path === "/strict") response.setHeader("content-security-policy", "default-src 'none'")
    response.setHeader("content-type", "text/html")
    response.end(path === "/faulty" ? faulty : page(path))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo

  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close")
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
