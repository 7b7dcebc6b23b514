import { createServer, type Server as SocketServer } from "node:net"
import type { Server } from "node:http"
import { listen } from "./listen.ts"

/** An additional port of a server. */
export interface Door {
  readonly port: number
  close(): void
}

/** Opens a port and passes its connections to the server. */
export async function openDoor(server: Server, wanted: number, host: string): Promise<Door> {
  const door: SocketServer = createServer((socket) => server.emit("connection", socket))
  const port = await listen(door, wanted, host)
  return { port, close: () => void door.close() }
}
