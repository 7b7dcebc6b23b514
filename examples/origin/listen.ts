import { once } from "node:events"
import type { AddressInfo, Server } from "node:net"

/** Listens on the wanted port, or on a free one if it is in use. Returns the port. */
export async function listen(server: Server, wanted: number, host: string): Promise<number> {
  try {
    server.listen(wanted, host)
    await once(server, "listening")
  } catch (error) {
    if (wanted === 0 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error
    return listen(server, 0, host)
  }
  return (server.address() as AddressInfo).port
}
