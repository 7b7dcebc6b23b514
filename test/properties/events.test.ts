/** The events of a breaker. */
import fc from "fast-check"
import { assert, test } from "vitest"
import type { CircuitBreaker, State } from "../../src/index.ts"
import { expectSame, plans, stepsOf, World } from "./world.ts"

const numRuns = 1_000

/** The actions of a listener that calls back into the breaker. */
const REACTIONS: Record<string, (breaker: CircuitBreaker) => void> = {
  "does nothing": () => {},
  throws: () => {
    throw new Error("a listener threw")
  },
  reads: (breaker) => void [breaker.state, breaker.retryAfter, breaker.snapshot()],
  trips: (breaker) => breaker.trip(),
  resets: (breaker) => breaker.reset(),
  isolates: (breaker) => breaker.isolate().release(),
  calls: (breaker) => breaker.allow()("failure"),
}

const reactions = fc.record({
  to: fc.constantFrom<State[]>("closed", "half-open", "open"),
  name: fc.constantFrom(...Object.keys(REACTIONS)),
})

test("changes of state are announced as a chain that ends in the present state", () => {
  fc.assert(
    fc.property(plans, stepsOf(), reactions, (plan, steps, reaction) => {
      const world = new World({ ...plan, listened: true })
      let last = world.breaker.state
      let reacted = 0
      const react = (): void => {
        reacted = 0
        world.breaker.addEventListener("statechange", ({ to }) => {
          // Once in a step, since two listeners that undo each other's changes would never end.
          if (to === reaction.to && reacted++ === 0) REACTIONS[reaction.name]?.(world.breaker)
        })
      }
      react()
      for (const step of steps) {
        reacted = 0
        world.take(step)
        if (step.do === "restore") {
          react()
          last = world.breaker.state
        }
        const { state } = world.breaker
        for (const { type, from, to } of world.events.splice(0)) {
          if (type !== "statechange") continue
          assert(from === last, `a change from ${from} to ${to} after one to ${last}`)
          assert(from !== to, `a change from ${from} to ${to}`)
          last = to as State
        }
        assert(last === state, `the last change was to ${last}, and the state is ${state}`)
      }
    }),
    { numRuns },
  )
})

test("a rejected call has a retryAfter above 0, whatever a listener does meanwhile", () => {
  const resets = fc.constant({ to: "open", name: "resets" })
  fc.assert(
    fc.property(plans, stepsOf(), fc.oneof(reactions, resets), (plan, steps, reaction) => {
      // Half-open calls are given up soon, when the next call asks for admission.
      const world = new World({ ...plan, probeTimeout: 100, timeout: 2_000, listened: true })
      const { breaker } = world
      let reacted = 0
      breaker.addEventListener("statechange", ({ to }) => {
        if (to === reaction.to && reacted++ === 0) REACTIONS[reaction.name]?.(breaker)
      })
      for (const step of steps) {
        if (step.do === "restore") continue
        reacted = 0
        world.take(step)
        for (const { retryAfter } of world.rejections) assert(retryAfter > 0, `rejected for ${retryAfter} ms`)
      }
    }),
    { numRuns },
  )
})

test("each settled call has one event, that of its outcome", () => {
  fc.assert(
    fc.property(plans, stepsOf(undefined, ["restore"]), (plan, steps) => {
      const world = new World({ ...plan, listened: true, rule: plan.rule === "calls" ? "never" : plan.rule })
      for (const step of steps) {
        const first = step.do === "settle" && world.named(step)?.settled === false
        world.events = []
        world.take(step)
        const announced = world.events.filter(({ type }) => type !== "statechange").map(({ type }) => type)
        const rejected = world.rejections.length > 0 ? ["rejected"] : []
        expectSame(announced, first ? [step.outcome] : rejected, step.do)
      }
    }),
    { numRuns },
  )
})
