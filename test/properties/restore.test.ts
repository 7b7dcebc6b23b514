/** A breaker that is restored from a snapshot in another process. */
import fc from "fast-check"
import { assert, expect, test } from "vitest"
import type { BreakerSnapshot } from "../../src/index.ts"
import { expectSame, HOUR, ms, PLAIN, plans, stepsOf, World, type Plan } from "./world.ts"

const numRuns = 1_000
const origins = fc.integer({ min: -HOUR, max: 2 * HOUR })
const local = stepsOf(undefined, ["restore"])

/** Whether calls were under way that a snapshot does not keep: half-open calls, and calls not yet in a window of calls. */
function losesCalls({ windowSize }: Plan["window"], { state, counts }: BreakerSnapshot): boolean {
  const { requests, totalSuccesses, totalFailures, totalExclusions } = counts
  return (state === "half-open" || windowSize !== undefined) && requests > totalSuccesses + totalFailures + totalExclusions
}

function throughJson(snapshot: BreakerSnapshot): BreakerSnapshot {
  return JSON.parse(JSON.stringify(snapshot)) as BreakerSnapshot
}

test("a restored breaker goes on as the original does", () => {
  fc.assert(
    fc.property(plans, local, origins, local, (plan, first, origin, then) => {
      const original = new World(plan)
      for (const step of first) original.take(step)
      original.releaseAll()
      // After the clock went back, the original waits until it has caught up. A restored breaker would not wait.
      original.take({ do: "read" })
      original.clock.time += 1_000
      const snapshot = original.breaker.snapshot()
      fc.pre(!losesCalls(plan.window, snapshot))

      const restored = new World(plan, origin, throughJson(snapshot))
      original.calls = []
      original.events = []
      for (const [index, step] of then.entries()) {
        const at = `${step.do}, step ${index}`
        expectSame(restored.take(step), original.take(step), at)
        expectSame(restored.breaker.counts, original.breaker.counts, `counts after ${at}`)
        expectSame(restored.events.splice(0), original.events.splice(0), `events after ${at}`)
      }
      expectSame(restored.breaker.snapshot(), original.breaker.snapshot(), "at the end")
    }),
    { numRuns },
  )
})

test("a breaker restored from a snapshot has the same snapshot", () => {
  fc.assert(
    fc.property(plans, local, origins, (plan, steps, origin) => {
      const world = new World(plan)
      for (const step of steps) world.take(step)
      const snapshot = throughJson(world.breaker.snapshot())
      fc.pre(!losesCalls(plan.window, snapshot))
      expectSame(new World(plan, origin, snapshot).breaker.snapshot(), snapshot, "its copy")
    }),
    { numRuns },
  )
})

test("a snapshot is not lost to the rounding of a clock that has fractions", () => {
  const tenths = fc.integer({ min: 1, max: 30_000 })
  fc.assert(
    fc.property(tenths, tenths, origins, (start, length, origin) => {
      const plan = { ...PLAIN, timeout: length / 10 }
      const world = new World(plan, start / 10)
      world.breaker.trip()
      // At the exact end, rounding may make the remaining time 0, or a little less.
      world.clock.time = (start + length) / 10
      const { state } = world.breaker
      const snapshot = throughJson(world.breaker.snapshot())
      assert(new World(plan, origin, snapshot).breaker.state !== "closed", `was ${state}: ${JSON.stringify(snapshot)}`)
    }),
    { numRuns: 2 * numRuns, examples: [[5_197, 27_842, 0]] },
  )
})

test("an open period is not longer than its length, whatever a snapshot says", () => {
  fc.assert(
    fc.property(ms, ms, origins, (length, remaining, origin) => {
      const world = new World({ ...PLAIN, timeout: length })
      world.breaker.trip()
      const snapshot = { ...throughJson(world.breaker.snapshot()), remaining }
      const restored = new World({ ...PLAIN, timeout: length }, origin, snapshot)
      expect(restored.breaker.retryAfter).toBe(Math.min(length, remaining))
    }),
    { numRuns: 100 },
  )
})

test("a breaker restored with other settings closes again once calls succeed", () => {
  fc.assert(
    fc.property(plans, plans, fc.boolean(), local, origins, (plan, changed, most, steps, origin) => {
      const other = most ? { ...plan, maxRequests: changed.maxRequests } : changed
      const world = new World(plan)
      for (const step of steps) world.take(step)
      const snapshot = throughJson(world.breaker.snapshot())
      const restored = new World({ ...other, probeTimeout: other.probeTimeout || undefined }, origin, snapshot)
      for (let i = 0; i <= (other.maxRequests || 1) + 1; i++) {
        restored.clock.time += HOUR
        restored.allow()?.done("success")
      }
      expect(restored.breaker.state).toBe("closed")
    }),
    { numRuns },
  )
})
