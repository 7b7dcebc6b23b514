/** The counts: each number by itself, and all compared with a list of calls that is recounted at each step. */
import fc from "fast-check"
import { afterEach, assert, test, vi } from "vitest"
import type { Outcome } from "../../src/index.ts"
import { expectSame, moves, plans, stepsOf, windows, World, type Plan, type Step } from "./world.ts"

const numRuns = 1_000

afterEach(() => {
  vi.restoreAllMocks()
})

test("counts are integers from 0 and add up", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World(plan)
      for (const step of steps) {
        world.take(step)
        const { counts } = world.breaker
        const { requests, totalSuccesses, totalFailures, totalExclusions, totalSlow } = counts
        const { consecutiveSuccesses, consecutiveFailures } = counts
        const shown = JSON.stringify(counts)
        assert(Object.values(counts).every(Number.isInteger), `an integer each: ${shown}`)
        assert(Math.min(...Object.values(counts)) >= 0, `none below 0: ${shown}`)
        const settled = totalSuccesses + totalFailures
        assert(settled + totalExclusions <= requests, `no more settled than requested: ${shown}`)
        assert(totalSlow <= settled, `no more slow than settled: ${shown}`)
        assert(consecutiveSuccesses * consecutiveFailures === 0, `one streak at a time: ${shown}`)
        // A streak may be longer than a rolling window, which drops its first calls.
        if (plan.window.bucketPeriod || plan.window.windowSize) continue
        assert(consecutiveSuccesses <= totalSuccesses, `a streak of the successes: ${shown}`)
        assert(consecutiveFailures <= totalFailures, `a streak of the failures: ${shown}`)
      }
    }),
    { numRuns },
  )
})

test("a result of an older generation changes nothing, and neither does a second result", () => {
  fc.assert(
    fc.property(plans, stepsOf(), (plan, steps) => {
      const world = new World(plan)
      const generations = new Map<unknown, number>()
      for (const step of steps) {
        const call = step.do === "settle" ? world.named(step) : undefined
        const before = world.breaker.snapshot()
        const late = call && (call.settled || generations.get(call) !== before.generation)
        const calls = world.calls.length
        world.take(step)
        const after = world.breaker.snapshot()
        if (late) expectSame(after, before, "after a late result")
        if (world.calls.length > calls && world.calls.at(-1)?.counted) {
          generations.set(world.calls.at(-1), after.generation)
        }
      }
    }),
    { numRuns },
  )
})

interface Listed {
  readonly generation: number
  readonly admitted: number
  readonly reading: number
  ended?: number
  outcome?: Outcome
  slow?: boolean
  order?: number
}

/** The counts of a list of calls. `time` and `admitted` start at 0 with the generation. */
function recount(list: readonly Listed[], { interval = 0, bucketPeriod = 0, countAt, windowSize }: Plan["window"], time: number): object {
  const buckets = bucketPeriod && Math.ceil(interval / bucketPeriod)
  const age = (at: number): number => Math.floor(at / bucketPeriod)
  const ranked = list.filter(({ outcome }) => outcome === "success" || outcome === "failure")
  ranked.sort((a, b) => (b.order ?? 0) - (a.order ?? 0))
  const within = list.filter((call) => {
    if (windowSize) return !call.outcome || (ranked.includes(call) && ranked.indexOf(call) < windowSize)
    const at = countAt === "end" ? (call.ended ?? call.admitted) : call.admitted
    return buckets < 2 || age(time) - age(at) < buckets
  })
  const streak = (outcome: Outcome): number => {
    const end = ranked.findIndex((call) => call.outcome !== outcome)
    return end < 0 ? ranked.length : end
  }
  const count = (outcome: Outcome): number => within.filter((call) => call.outcome === outcome).length
  return {
    requests: within.length,
    totalSuccesses: count("success"),
    totalFailures: count("failure"),
    totalExclusions: count("excluded"),
    totalSlow: within.filter(({ slow }) => slow).length,
    // Streaks of all calls of the generation, since no window shortens a streak.
    consecutiveSuccesses: streak("success"),
    consecutiveFailures: streak("failure"),
  }
}

/** Plans in which a window fills, since the breaker does not open by its rule. */
const rolling: fc.Arbitrary<Plan> = fc
  .tuple(plans, fc.oneof(windows.rolling, windows.ended, windows.last), fc.option(fc.nat(300), { nil: undefined, freq: 2 }))
  .map(([plan, window, slowCallDuration]) => ({ ...plan, window, slowCallDuration, rule: "never" }))

test("the counts are those of the calls in the window", () => {
  fc.assert(
    fc.property(fc.oneof(plans, rolling), stepsOf(), (plan, steps) => {
      // Calls made within a rule would not be on the list.
      const world = new World({ ...plan, rule: plan.rule === "calls" ? "never" : plan.rule })
      let list: Listed[] = []
      const entries = new Map<unknown, Listed>()
      // The time that has passed. None passes until the clock is past its highest reading again, unless it was
      // set back by more than a second, or the breaker is open: then time goes on from there.
      let passed = 0
      let highest = 0
      let generation = 1
      let began = 0
      for (const [order, step] of steps.entries()) {
        const call = step.do === "settle" ? world.named(step) : undefined
        const calls = world.calls.length
        if (step.do === "settle") settleListed(step, entries.get(call), order)
        world.take(step)
        if (step.do === "restore") highest = world.clock.time
        const { time } = world.clock
        if (time > highest) passed += time - highest
        const now = world.breaker.snapshot()
        if (time > highest || time < highest - 1_000 || now.state === "open") highest = time
        if (now.generation !== generation) [generation, began, list] = [now.generation, passed, []]
        if (step.do === "restore" && (now.state === "half-open" || plan.window.windowSize)) list = list.filter(({ outcome }) => outcome)
        if (world.calls.length > calls && world.calls.at(-1)?.counted) {
          const entry = { generation, admitted: passed - began, reading: world.clock.time }
          entries.set(world.calls.at(-1), entry)
          list.push(entry)
        }
        const window = now.state === "closed" ? plan.window : {}
        expectSame(world.breaker.counts, recount(list, window, passed - began), `counts after step ${order}`)
      }

      function settleListed(step: Step & { do: "settle" }, entry: Listed | undefined, order: number): void {
        if (!entry || entry.outcome) return
        entry.ended = passed - began
        entry.outcome = step.outcome
        entry.order = order
        const { slowCallDuration = Infinity } = plan
        entry.slow = step.outcome !== "excluded" && world.clock.time - entry.reading > slowCallDuration
      }
    }),
    { numRuns },
  )
})

test("the counts do not depend on listeners, or on whether the clock is the default one", () => {
  const forward = moves.map(Math.abs)
  fc.assert(
    fc.property(fc.oneof(plans, rolling), stepsOf(forward, ["restore"]), (plan, steps) => {
      // Without slowCallDuration: a breaker that times its calls reads the clock as often as one with listeners.
      const settings = { ...plan, mode: "enforce", slowCallDuration: undefined } as const
      const quiet = new World({ ...settings, listened: false })
      const heard = new World({ ...settings, listened: true })
      vi.spyOn(performance, "now").mockImplementation(() => quiet.clock.time)
      quiet.breaker = quiet.create(undefined, performance as never)
      for (const step of steps) {
        expectSame(quiet.take(step), heard.take(step), step.do)
      }
      expectSame(quiet.take({ do: "read" }), heard.take({ do: "read" }), "at the end")
    }),
    { numRuns },
  )
})
