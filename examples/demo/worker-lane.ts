import type { Isolate, WorkerStatus } from "../browser/src/demo-status.ts"
import { WorkerTally } from "./worker-tally.ts"
import { startIsolates, type Isolates } from "./isolates.ts"

/** The Worker, its load, and what its isolates know. */
export interface WorkerLane {
  readonly status: WorkerStatus
  /** Sends so many calls, to one isolate after the other. Without a Worker it does nothing. */
  call(count: number): void
  close(): Promise<void>
}

const LOOK_EVERY = 400

// Its cache may keep the answer: that is what visitors see while the origin is down.
const PATH = "/api/items?id=worker&cache=max-age%3D60"

/** Starts the lane behind the caller's back: the page is there before workerd is. */
export function startWorkerLane(root: URL, origin: string): WorkerLane {
  const tally = new WorkerTally()
  let known: readonly Isolate[] = []
  let missing: string | undefined
  let isolates: Isolates | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let turn = 0

  const look = async (running: Isolates): Promise<void> => {
    try {
      known = await running.look()
    } catch (error) {
      if (!closed) missing = messageOf(error)
    }
    if (!closed && missing === undefined) timer = setTimeout(() => void look(running), LOOK_EVERY)
  }
  const started = startIsolates(root, origin).then(
    async (running) => {
      isolates = running
      if (!closed) await look(running)
    },
    (error: unknown) => {
      missing = messageOf(error)
    },
  )

  return {
    get status(): WorkerStatus {
      if (missing !== undefined) return { kind: "missing", reason: missing }
      return known.length > 0 ? { kind: "running", isolates: known, calls: tally.counts } : { kind: "starting" }
    },
    call(count) {
      if (!isolates || missing !== undefined || closed) return
      for (let i = 0; i < count; i++) void tally.count(isolates.fetch(turn++, PATH))
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await started
      await isolates?.dispose()
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
