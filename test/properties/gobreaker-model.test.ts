/** The breaker compared with an independent model of sony/gobreaker, step by step. */
import fc from "fast-check"
import { test } from "vitest"
import { CircuitBreaker, CircuitBreakerError, type Counts, type Done, type Outcome } from "../../src/index.ts"
import { Gobreaker } from "./gobreaker-model.ts"
import { expectSame } from "./world.ts"

const rules: Record<string, (counts: Counts) => boolean> = {
  default: ({ consecutiveFailures }) => consecutiveFailures > 5,
  "two in a row": ({ consecutiveFailures }) => consecutiveFailures >= 2,
  half: ({ requests, totalFailures }) => requests >= 3 && totalFailures / requests >= 0.5,
  "half of the settled": ({ totalSuccesses, totalFailures }) => totalFailures >= 2 && totalFailures >= totalSuccesses,
  always: () => true,
}

const settings = fc.record({
  maxRequests: fc.nat(4),
  interval: fc.constantFrom(0, 1, 100, 1_000),
  // At least as long as the interval, so that there is one bucket: a fixed window of the bucket's length.
  bucketPeriod: fc.constantFrom(0, 0, 1_000, 1_500),
  timeout: fc.constantFrom(0, 1, 100, 1_000),
  rule: fc.constantFrom(...Object.keys(rules)),
})

const steps = fc.array(
  fc.oneof(
    fc.constant({ do: "allow" } as const),
    fc.record({
      do: fc.constant("settle"),
      call: fc.nat(6),
      outcome: fc.constantFrom<Outcome[]>("success", "failure", "failure", "excluded"),
    }),
    // Waits to the ends of the periods above, and beyond.
    fc.record({ do: fc.constant("wait"), by: fc.constantFrom(0, 1, 50, 99, 100, 999, 1_000, 1_001, 60_000) }),
    fc.constant({ do: "read" } as const),
  ),
  { maxLength: 100, size: "max" },
)

test("the breaker behaves like gobreaker", () => {
  fc.assert(
    fc.property(settings, steps, ({ rule, bucketPeriod, ...rest }, taken) => {
      let now = 0
      const readyToTrip = rules[rule] as (counts: Counts) => boolean
      const changes: string[] = []
      const breaker = new CircuitBreaker({
        ...rest,
        bucketPeriod,
        readyToTrip,
        probeTimeout: 0,
        clock: { now: () => now },
        onStateChange: (_, from, to) => changes.push(`${from} -> ${to}`),
      })
      const model = new Gobreaker({ ...rest, interval: rest.interval && (bucketPeriod || rest.interval), readyToTrip }, now)
      const calls: { readonly done: Done; readonly generation: number }[] = []

      for (const [index, step] of taken.entries()) {
        const at = `${step.do}, step ${index}`
        if (step.do === "wait") now += step.by
        if (step.do === "allow") {
          const expected = model.before(now)
          const actual = allow(breaker)
          if (typeof actual === "string" || typeof expected === "string") expectSame(actual, expected, at)
          else calls.push({ done: actual, generation: expected })
        }
        if (step.do === "settle") {
          // Each call is settled once: gobreaker would count a second time.
          const [call] = calls.splice(step.call % (calls.length || 1), 1)
          call?.done(step.outcome)
          if (call) model.after(call.generation, step.outcome, now)
        }
        if (step.do === "read") {
          model.tick(now)
          expectSame(breaker.state, model.state, at)
        }
        expectSame(breaker.counts, model.counts, `counts after ${at}`)
        expectSame(changes, model.changes, `changes after ${at}`)
      }
    }),
    { numRuns: 2_000 },
  )
})

function allow(breaker: CircuitBreaker): Done | string {
  try {
    return breaker.allow()
  } catch (error) {
    if (error instanceof CircuitBreakerError) return error.code
    throw error
  }
}
