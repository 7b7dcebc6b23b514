/**
 * Asks workerd for the heap of a worker, as a debugger does. Needs a `WebSocket`, which Node 20 has with
 * `--experimental-websocket`.
 */
import { setTimeout } from "node:timers/promises"
import { within } from "../runtimes/within.ts"

// workerd sends an answer with the next one, so the last has to be asked for until it comes.
const ASK_AGAIN = 100
const LIMIT = 20_000

/** Bytes in use after a collection. */
export async function heapOfWorker(inspector: URL, worker: string): Promise<number> {
  const socket = new WebSocket(new URL(`/core:user:${worker}`, inspector))
  const heap = new Promise<number>((resolve, reject) => {
    socket.onerror = () => reject(new Error(`Cannot connect to ${socket.url}`))
    socket.onmessage = ({ data }) => {
      const { result } = JSON.parse(String(data)) as { result?: { usedSize?: number } }
      if (result?.usedSize !== undefined) resolve(result.usedSize)
    }
    socket.onopen = async () => {
      let id = 0
      const send = (method: string): void => socket.send(JSON.stringify({ id: (id += 1), method }))
      send("HeapProfiler.enable")
      send("HeapProfiler.collectGarbage")
      while (socket.readyState === WebSocket.OPEN) {
        send("Runtime.getHeapUsage")
        await setTimeout(ASK_AGAIN)
      }
    }
  })
  try {
    return await within(LIMIT, heap, "workerd does not say how much heap it uses")
  } finally {
    socket.close()
  }
}
