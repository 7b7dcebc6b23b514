import { createServer, type Server as SocketServer } from "node:net"
import type { Server } from "node:http"
import { listen } from "./listen.ts"

/** One more port of a server. */
export interface Door {
  readonly port: number
  close(): void
}

/** Opens a port whose connections are the server's, as if they had come in at its own. */
export async function openDoor(server: Server, wanted: number, host: string): Promise<Door> {
  const door: SocketServer = createServer((socket) => server.emit("connection", socket))
  const port = await listen(door, wanted, host)
  return { port, close: () => void door.close() }
}
