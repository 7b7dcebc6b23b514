import { setTimeout } from "node:timers/promises"
import type { Isolate, WorkerStatus } from "../browser/src/demo-status.ts"
import { WorkerTally } from "./worker-tally.ts"
import { startIsolates, type Isolates } from "./isolates.ts"

/** The Worker, its load, and the states in its isolates. */
export interface WorkerLane {
  readonly status: WorkerStatus
  /** Sends `count` calls, to one isolate after the other. Does nothing without a Worker. */
  call(count: number): void
}

const LOOK_EVERY = 400

// The Worker may keep a copy of this answer, which visitors get while the origin is down.
const PATH = "/api/items?id=worker&cache=max-age%3D60"

/** Starts the Worker in the background, since the page is ready before workerd is. */
export function startWorkerLane(root: URL, origin: string): WorkerLane {
  const tally = new WorkerTally()
  let known: readonly Isolate[] = []
  let missing: string | undefined
  let isolates: Isolates | undefined
  let turn = 0

  async function run(): Promise<void> {
    try {
      isolates = await startIsolates(root, origin)
      for (;;) {
        known = await isolates.look()
        await setTimeout(LOOK_EVERY)
      }
    } catch (error) {
      missing = error instanceof Error ? error.message : String(error)
    }
  }
  void run()

  return {
    get status(): WorkerStatus {
      if (missing !== undefined) return { kind: "missing", reason: missing }
      return known.length > 0 ? { kind: "running", isolates: known, calls: tally.counts } : { kind: "starting" }
    },
    call(count) {
      if (!isolates || missing !== undefined) return
      for (let i = 0; i < count; i++) void tally.count(isolates.fetch(turn++, PATH))
    },
  }
}
