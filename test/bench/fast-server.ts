import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

export interface FastServer extends AsyncDisposable {
  readonly url: string
}

/** A server that answers every request at once and keeps its connections, unlike the failing origin. */
export async function startFastServer(): Promise<FastServer> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(200, { "content-type": "text/plain", "access-control-allow-origin": "*" })
    response.end("fine")
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}
