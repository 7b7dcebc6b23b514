import { connect } from "node:net"

export interface RawRequest {
  readonly method?: string
  readonly body?: string
  /** The announced length of the body. */
  readonly length?: number
}

export interface RawResult {
  readonly text: string
  /** "FIN", or the code of the socket's error. */
  readonly ending: string
}

export interface RawCall {
  readonly result: Promise<RawResult>
  readonly received: () => string
  readonly hangUp: () => void
}

/** Makes a request on a bare socket, which shows how the connection ends. */
export function rawCall(port: number, path: string, request: RawRequest = {}): RawCall {
  const { method = "GET", body = "", length = Buffer.byteLength(body) } = request
  let text = ""
  const socket = connect(port, "127.0.0.1")
  socket.setEncoding("latin1")
  socket.on("data", (part: string) => (text += part))
  const result = new Promise<RawResult>((resolve) => {
    socket.on("end", () => resolve({ text, ending: "FIN" }))
    socket.on("error", ({ code = "?" }: NodeJS.ErrnoException) => resolve({ text, ending: code }))
  })
  const head = `${method} ${path} HTTP/1.1\r\nHost: origin\r\nContent-Length: ${length}\r\n\r\n`
  socket.write(head + body)
  return { result, received: () => text, hangUp: () => socket.destroy() }
}
