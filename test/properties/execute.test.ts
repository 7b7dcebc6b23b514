/** Calls that end in any order, and callers that abort: each caller gets the result of its own call. */
import fc from "fast-check"
import { expect, test } from "vitest"
import { CircuitBreaker, CircuitBreakerError } from "../../src/index.ts"
import { Gobreaker } from "./gobreaker-model.ts"

const calls = fc.array(
  fc.record({
    ends: fc.constantFrom("fulfils", "rejects", "rejects with undefined", "throws", "never"),
    /** Whether the caller has a signal, which it aborts at some time. */
    aborts: fc.boolean(),
    /** Whether the call rejects with an error of its own as soon as it is aborted. */
    heeds: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12, size: "max" },
)

// Each action has its full effect before the next one begins, so that the order of the scheduler is
// the order of the model. No action takes as many turns as this.
const scheduler = fc.scheduler({
  act: async (run) => {
    await run()
    for (let turn = 0; turn < 20; turn++) await undefined
  },
})

test("execute() gives each caller the result of its call, and counts the call once", async () => {
  await fc.assert(
    fc.asyncProperty(calls, fc.nat(3), fc.array(fc.nat(1_500), { maxLength: 4 }), scheduler, async (plan, maxRequests, waits, s) => {
      let now = 0
      const settings = { maxRequests, interval: 0, timeout: 1_000, readyToTrip: (c: { totalFailures: number }) => c.totalFailures >= 3 }
      const breaker = new CircuitBreaker({ ...settings, probeTimeout: 0, clock: { now: () => now } })
      const model = new Gobreaker(settings, now)
      const actual: unknown[] = []
      const expected: unknown[] = []
      const at = (label: string, action: () => void): void => void s.schedule(Promise.resolve(), label).then(action)

      plan.forEach(({ ends, aborts, heeds }, index) => {
        const value = { value: index }
        const reason = { reason: index }
        const controller = aborts ? new AbortController() : undefined
        let generation: number | undefined
        let settle: { resolve: (value: unknown) => void; reject: (error: unknown) => void } | undefined
        const end = (entry: object, outcome: "success" | "failure" | "excluded"): void => {
          if (generation === undefined) return
          expected[index] = entry
          model.after(generation, outcome, now)
          generation = undefined
        }
        const request = (signal: AbortSignal | undefined): Promise<unknown> => {
          expect(signal, "the caller's own signal").toBe(controller?.signal)
          if (ends === "throws") throw value
          return new Promise((resolve, reject) => {
            settle = { resolve, reject }
            if (heeds) signal?.addEventListener("abort", () => reject(new Error("given up")))
          })
        }
        at(`start ${index}`, () => {
          // A call that is already aborted is not made.
          if (controller?.signal.aborted) expected[index] = { rejected: reason }
          else {
            const admitted = model.before(now)
            if (typeof admitted === "string") expected[index] = { rejected: admitted }
            else generation = admitted
          }
          breaker.execute(request, controller && { signal: controller.signal }).then(
            (result) => (actual[index] = { fulfilled: result }),
            (error: unknown) => (actual[index] = { rejected: error instanceof CircuitBreakerError ? error.code : error }),
          )
          if (ends === "throws") end({ rejected: value }, "failure")
          else if (ends !== "never") {
            at(`end ${index}`, () => {
              if (ends === "fulfils") end({ fulfilled: value }, "success")
              else end({ rejected: ends === "rejects" ? value : undefined }, "failure")
              if (ends === "fulfils") settle?.resolve(value)
              else settle?.reject(ends === "rejects" ? value : undefined)
            })
          }
        })
        if (controller) {
          at(`abort ${index}`, () => {
            end({ rejected: reason }, "excluded")
            controller.abort(reason)
          })
        }
      })
      for (const by of waits) at(`wait ${by}`, () => void (now += by))

      await s.waitIdle()
      const shown = plan.map((_, index) => actual[index])
      expect(shown, "what the callers got").toEqual(plan.map((_, index) => expected[index]))
      shown.forEach((entry, index) => {
        const [got] = Object.values(entry ?? {})
        expect(got, "the very same object").toBe(Object.values(expected[index] ?? {})[0])
      })
      model.tick(now)
      expect(breaker.state).toBe(model.state)
      expect(breaker.counts).toEqual(model.counts)
    }),
    { numRuns: 500 },
  )
})
