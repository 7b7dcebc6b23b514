/**
 * Asks workerd for the heap of a worker, as a debugger does. Needs a `WebSocket`, which Node 20 has with
 * `--experimental-websocket`.
 */
import { setTimeout } from "node:timers/promises"
import { within } from "../runtimes/within.ts"

// workerd may delay an answer until the next one, and collect garbage later than it says.
const ROUNDS = 5
const PAUSE = 100
const LIMIT = 20_000

/** Bytes in use after collections: the smallest of several readings. */
export async function heapOfWorker(inspector: URL, worker: string): Promise<number> {
  const socket = new WebSocket(new URL(`/core:user:${worker}`, inspector))
  const readings: number[] = []
  const heap = new Promise<number>((resolve, reject) => {
    socket.onerror = () => reject(new Error(`Cannot connect to ${socket.url}`))
    socket.onmessage = ({ data }) => {
      const { result } = JSON.parse(String(data)) as { result?: { usedSize?: number } }
      if (result?.usedSize === undefined) return
      readings.push(result.usedSize)
      if (readings.length === ROUNDS) resolve(Math.min(...readings))
    }
    socket.onopen = async () => {
      let id = 0
      const send = (method: string): void => socket.send(JSON.stringify({ id: (id += 1), method }))
      send("HeapProfiler.enable")
      while (socket.readyState === WebSocket.OPEN) {
        send("HeapProfiler.collectGarbage")
        send("Runtime.getHeapUsage")
        await setTimeout(PAUSE)
      }
    }
  })
  try {
    return await within(LIMIT, heap, "workerd does not say how much heap it uses")
  } finally {
    socket.close()
  }
}
