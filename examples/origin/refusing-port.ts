import { once } from "node:events"
import { connect, createServer } from "node:net"
import { listen } from "./listen.ts"

export interface RefusingPort {
  readonly port: number
  release(): void
}

/**
 * Reserves a loopback port on which nothing listens, so that connections to it are refused.
 *
 * The system could soon give away a port on which a server has listened and closed. This port is the local
 * end of an idle connection instead. The system gives it to no listener that asks for any port. Nor, since it
 * was bound explicitly, does it give it to an outgoing connection, which could otherwise connect to itself.
 */
export async function refusingPort(): Promise<RefusingPort> {
  const host = "127.0.0.1"
  const anchor = createServer()
  const accepted = once(anchor, "connection")
  const socket = connect({ port: await listen(anchor, 0, host), host, localAddress: host })
  await once(socket, "connect")
  const [peer] = await accepted
  anchor.close()

  for (const end of [socket, peer]) end.on("error", () => {}).unref()
  return {
    port: socket.localPort as number,
    release: () => void socket.resetAndDestroy(),
  }
}
