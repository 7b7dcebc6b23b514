/** Real traffic to an origin that fails in one way after the other, and recovers each time. */
import { setTimeout } from "node:timers/promises"
import type { Mode, Origin } from "../../examples/origin/origin.ts"
import type { SoakResult } from "./result.ts"
import type { Subject } from "./subject.ts"
import { disagreements } from "./violations.ts"

const CALLERS = 5
const PAUSE = 100
// On any machine, an outage opens the breaker, and a recovery closes it, much sooner than this.
const PATIENCE = 20_000
// How long an outage goes on after the breaker has opened, and health after it has closed.
const LASTS = 2_000

const failures: readonly Mode[] = [
  { kind: "failing", rate: 1 },
  { kind: "hanging" },
  { kind: "resetting" },
  { kind: "unavailable", retryAfter: 1 },
  { kind: "failing", rate: 1, status: 408 },
]

export async function soak(subject: Subject, origin: Origin, minutes: number): Promise<SoakResult> {
  const end = performance.now() + minutes * 60_000
  const heaps: number[] = []
  const violations: string[] = []
  let outages = 0
  let resting = false

  async function caller(): Promise<void> {
    while (!resting) {
      await subject.call()
      await setTimeout(PAUSE)
    }
  }
  /** Waits until the verdict matches the state of the origin. */
  async function expect(verdict: "opened" | "closed", mode: Mode): Promise<void> {
    for (const late = performance.now() + PATIENCE; (await subject.tally())[verdict] !== outages; ) {
      if (performance.now() < late) await setTimeout(20)
      else return void violations.push(`outage ${outages}, ${JSON.stringify(mode)}: not ${verdict}: ${JSON.stringify(await subject.tally())}`)
    }
  }

  const callers = Array.from({ length: CALLERS }, caller)
  await setTimeout(LASTS)
  while (performance.now() < end && violations.length === 0) {
    const mode = failures[outages % failures.length]!
    outages += 1
    origin.mode = mode
    await expect("opened", mode)
    await setTimeout(LASTS)
    origin.mode = { kind: "healthy" }
    await expect("closed", mode)
    await setTimeout(LASTS)
    // Measured after each round. The first round makes what is made once and kept.
    if (outages % failures.length === 0) heaps.push(await subject.heapUsed())
  }
  resting = true
  await Promise.all(callers)

  heaps.push(await subject.heapUsed())

  const tally = await subject.tally()
  violations.push(...disagreements(tally, origin.total))
  const { calls, rejected } = tally
  return { outages, calls, rejected, reached: origin.total, heaps, unhandled: await subject.unhandled(), violations }
}
