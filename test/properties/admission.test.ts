/** Which calls are admitted, and the errors of rejected calls. */
import fc from "fast-check"
import { assert, test } from "vitest"
import { admit, admitClosed, settle, tick } from "../../src/core/machine.ts"
import { createPolicy } from "../../src/core/policy.ts"
import { createRecord, type Permit } from "../../src/core/record.ts"
import { takeSnapshot } from "../../src/core/snapshot.ts"
import { PLAIN, plans, stepsOf, TestClock, World, type Plan, type Step } from "./world.ts"

const numRuns = 1_000

test("a half-open generation never has more than maxRequests calls that are admitted and not excluded", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World(plan)
      let probes = new Set<unknown>()
      let generation = 0
      let before = 0
      for (const step of steps) {
        if (step.do === "settle" && step.outcome === "excluded") {
          const call = world.named(step)
          if (!call?.settled) probes.delete(call)
        }
        const calls = world.calls.length
        world.take(step)
        const now = world.breaker.snapshot()
        if (now.generation !== generation || step.do === "restore") {
          generation = now.generation
          probes = new Set()
          // Calls that succeeded before the restore occupy slots too.
          before = now.state === "half-open" ? now.counts.totalSuccesses : 0
        }
        const call = world.calls.at(-1)
        if (world.calls.length > calls && call?.counted && now.state === "half-open") probes.add(call)
        assert(before + probes.size <= (plan.maxRequests || 1), `${before} and ${probes.size} half-open calls`)
      }
    }),
    { numRuns },
  )
})

test("the error of a rejected call has a retryAfter above 0, and the state that rejected it", () => {
  fc.assert(
    fc.property(plans, stepsOf(), fc.integer({ min: 0, max: 3 }), (plan, steps, drift) => {
      const world = new World(plan)
      world.clock.drift = drift
      for (const step of steps) {
        world.take(step)
        for (const { code, state, retryAfter } of world.rejections) {
          assert(retryAfter > 0, `retryAfter of a rejection: ${retryAfter}`)
          assert(state === (code === "ERR_OPEN_STATE" ? "open" : "half-open"), `${code} in the state ${state}`)
        }
      }
    }),
    { numRuns },
  )
})

const allow: Step = { do: "allow" }
const wait = (by: number): Step => ({ do: "clock", by })

/** Checks each call: retryAfter right before it, whether it was admitted, and whether it opened the breaker. */
function foretell(plan: Plan, steps: readonly Step[], check: (retryAfter: number, admitted: boolean, opened: boolean) => void): void {
  const world = new World(plan)
  for (const step of steps) {
    if (step.do !== "allow") world.take(step)
    else {
      const { state, retryAfter } = world.breaker
      const admitted = world.allow() !== undefined
      check(retryAfter, admitted, state === "half-open" && world.breaker.state === "open")
    }
  }
}

test("retryAfter is 0 before each admitted call", () => {
  // A half-open call is given up, and the next open period is shorter than the one before.
  const failure: Step = { do: "settle", call: 0, outcome: "failure", retryAfter: 2_000 }
  const shorter: Step[] = [allow, failure, wait(2_001), allow, wait(400), allow]
  const short = { ...PLAIN, probeTimeout: 100 }
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      foretell(plan, steps, (retryAfter, admitted) => {
        assert(retryAfter === 0 || !admitted, `retryAfter ${retryAfter}, and admitted`)
      })
    }),
    { numRuns, examples: [[short, shorter], [{ ...short, timeout: "doubles" }, shorter]] },
  )
})

test("a call with a retryAfter of 0 before it is admitted, unless it gives up a half-open call", () => {
  // Such a call opens the breaker, and it is not known in advance whether it is then admitted.
  const oneOfTwo: Step[] = [{ do: "trip" }, wait(101), allow, wait(101), allow]
  const longer: Step[] = [{ do: "trip" }, wait(101), allow, wait(202), allow]
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      foretell(plan, steps, (retryAfter, admitted, opened) => {
        assert(retryAfter > 0 || admitted || opened, `retryAfter ${retryAfter}, and rejected`)
      })
    }),
    { numRuns, examples: [[{ ...PLAIN, maxRequests: 2 }, oneOfTwo], [{ ...PLAIN, timeout: "doubles" }, longer]] },
  )
})

test("retryAfter is 0 exactly when a copy of the breaker admits a call", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World({ ...plan, mode: "enforce" })
      for (const step of steps) world.take(step)
      // A copy has neither isolations nor half-open calls under way.
      world.releaseAll()
      const { retryAfter } = world.breaker
      const snapshot = world.breaker.snapshot()
      const { requests, totalSuccesses, totalExclusions } = snapshot.counts
      fc.pre(snapshot.state !== "half-open" || requests === totalSuccesses + totalExclusions)
      world.breaker = world.create(snapshot, new TestClock(123_456))
      assert(world.breaker.retryAfter === retryAfter, `retryAfter of the copy: ${world.breaker.retryAfter}`)
      const admitted = world.allow() !== undefined
      assert(admitted === (retryAfter === 0), `retryAfter ${retryAfter}, and ${admitted ? "admitted" : "rejected"}`)
    }),
    { numRuns },
  )
})

test("the short path to admit a call has the same effect as the long one", () => {
  const step = fc.record({
    wait: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(-5, -2_000, 150, 2e12)),
    does: fc.constantFrom("call", "call", "look", "fail"),
  })
  const windows = [{ interval: 100 }, { interval: 100, bucketPeriod: 10 }, { interval: 95, bucketPeriod: 7.5 }]
  fc.assert(
    fc.property(fc.constantFrom(...windows), fc.constantFrom("start", "end"), fc.array(step, { maxLength: 60 }), (window, countAt, steps) => {
      const policy = createPolicy({ ...window, countAt, readyToTrip: () => false }, () => {})
      const short = createRecord(policy, 1e7)
      const long = createRecord(policy, 1e7)
      let now = 1e7
      for (const { wait, does } of steps) {
        now += wait
        tick(long, policy, now)
        if (does === "look") tick(short, policy, now)
        else {
          const permits = [admitClosed(short, policy, now), admit(long, policy) as Permit] as const
          if (does === "fail") [short, long].forEach((record, i) => settle(record, policy, permits[i]!, "failure", false))
        }
        assert.deepEqual(takeSnapshot(short, policy), takeSnapshot(long, policy))
      }
    }),
    { numRuns },
  )
})
