import { once } from "node:events"
import { connect, createServer } from "node:net"
import { listen } from "./listen.ts"

export interface RefusingPort {
  readonly port: number
  release(): void
}

/**
 * Takes a loopback port on which nothing listens, so that a connection to it is refused.
 *
 * A port that was listened on and closed would soon be given to someone else. This one is the local
 * end of an idle connection: the system gives it to no listener that asks for any port, and, since
 * it was bound by name, to no outgoing connection, which could otherwise connect to itself.
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
