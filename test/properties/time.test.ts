/** The effects of time alone: it ends open periods and gives up calls, and never makes anything worse. */
import fc from "fast-check"
import { assert, expect, test } from "vitest"
import { HOUR, plans, stepsOf, World } from "./world.ts"

const numRuns = 1_000

test("retryAfter never grows while nothing but the clock moves, in either direction", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World(plan)
      for (const step of steps) {
        const before = world.breaker.retryAfter
        world.take(step)
        if (step.do !== "clock") continue
        const after = world.breaker.retryAfter
        assert(after <= before, `retryAfter ${before}, and ${step.by} ms later ${after}`)
      }
    }),
    { numRuns },
  )
})

test("an open period never exceeds its length, wherever the clock goes", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World(plan)
      let open: { readonly generation: number; readonly began: number; readonly length: number } | undefined
      for (const step of steps) {
        world.take(step)
        const { state, generation } = world.breaker.snapshot()
        // The time that passed for the breaker: none where the clock stepped back.
        const { seen } = world.clock
        const hint = (step.do === "settle" && step.retryAfter) || 0
        if (state !== "open") open = undefined
        else if (open?.generation !== generation) open = { generation, began: seen, length: Math.max(world.length, hint) }
        else assert(seen - open.began <= open.length, `still open after ${seen - open.began} of ${open.length} ms`)
      }
    }),
    { numRuns },
  )
})

test("openings are counted until the breaker closes, and then from 0", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World(plan)
      let before = world.breaker.snapshot()
      for (const step of steps) {
        world.take(step)
        const now = world.breaker.snapshot()
        const { opens } = now.state === "closed" ? { opens: 0 } : before
        // A given-up half-open call opens the breaker. If that open period is over too, no step sees the open state.
        const opened = now.generation > before.generation && (now.state === "open" || before.state === "half-open")
        assert(now.opens === opens + (now.state !== "closed" && opened ? 1 : 0), `${now.opens} openings, after ${opens}`)
        before = now
      }
    }),
    { numRuns },
  )
})

test("a breaker closes again once calls succeed, whatever happened before", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World({ ...plan, probeTimeout: plan.probeTimeout || undefined })
      for (const step of steps) world.take(step)
      world.releaseAll()
      // One step more than needed to end an open period and to fill the slots.
      for (let i = 0; i <= (plan.maxRequests || 1) + 1; i++) {
        world.clock.time += HOUR
        world.allow()?.done("success")
      }
      expect(world.breaker.state).toBe("closed")
      expect(world.allow(), "a call once it is closed").toBeDefined()
    }),
    { numRuns },
  )
})
