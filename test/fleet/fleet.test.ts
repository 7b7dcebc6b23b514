/**
 * The promises for fleets, checked on fleets that are small enough for every run of the tests. `npm run
 * simulate` has the large ones.
 */
import { describe, expect, test } from "vitest"
import { consecutiveFailures, failureRate } from "../../src/index.ts"
import { readArguments } from "./arguments.ts"
import { backgroundPlan } from "./background.ts"
import { falseRejections, outageMetrics, type OutageMetrics } from "./metrics.ts"
import { outagePlan } from "./outage.ts"
import { outagePromises } from "./promises.ts"
import { scenarios } from "./scenarios.ts"
import type { Context } from "./scenario.ts"
import { simulate } from "./simulation.ts"
import { printTable } from "./table.ts"
import { sum } from "./tally.ts"
import type { Variant } from "./variant.ts"
import { local, sharedRate, unprotected } from "./variants.ts"
import { LOSSLESS, STORE, healthy } from "./world.ts"

const SEED = 7
const shared: Variant = {
  name: "shared",
  breaker: () => ({ timeout: 10_000 }),
  object: () => ({ ...consecutiveFailures(8), timeout: 10_000, slowStart: 120_000 }),
}
const contextOf = (seed: number, variant: Variant): Context => ({
  quick: true,
  choose: () => [variant],
  simulate: (chosen, plan) => simulate(chosen, { ...plan, clients: Math.ceil(plan.clients / 5) }, seed),
})
const scenario = (name: string) => scenarios.find((candidate) => candidate.name === name)!
const tableOf = async (name: string, seed: number, variant = shared): Promise<string> =>
  printTable(await scenario(name).run(contextOf(seed, variant)))

describe("the simulator", () => {
  test("prints the same table, byte for byte, for the same seed, and another table for another seed", async () => {
    const [once, twice, other] = [await tableOf("isolates", 1), await tableOf("isolates", 1), await tableOf("isolates", 2)]
    expect(twice).toBe(once)
    expect(other).not.toBe(once)
  })

  test("takes jitter from the seed too, even if the preset was made before", async () => {
    const backoff = local.find(({ name }) => name.includes("backoff"))!
    expect(await tableOf("isolates", 1, backoff)).toBe(await tableOf("isolates", 1, backoff))
  })

  test("restores the clocks, timers and randomness of the platform", async () => {
    const before = [Date.now, performance.now, setTimeout, clearTimeout, Math.random, AbortController, Response]
    await simulate(shared, outagePlan({ clients: 2, rate: 1, outage: 120, after: 10 }), SEED)
    expect([Date.now, performance.now, setTimeout, clearTimeout, Math.random, AbortController, Response]).toEqual(before)
    expect(Object.hasOwn(crypto, "randomUUID")).toBe(false)
  })

  test("counts each call once", async () => {
    const plan = { ...outagePlan({ clients: 20, rate: 2, outage: 120, after: 60 }), link: LOSSLESS }
    const { tally } = await simulate(shared, plan, SEED)
    const ended = sum(tally.succeeded) + sum(tally.failed) + sum(tally.rejected)
    // A few calls are still under way at the end.
    expect(sum(tally.demand) - ended).toBeLessThan(20)
    expect(sum(tally.reached)).toBe(sum(tally.demand) - sum(tally.rejected))
  })

  test.each([[["--scenario", "x"]], [["--seed", "-1"]], [["--settings"]], [["--nonsense"]]])("refuses the arguments %j", (words) => {
    expect(() => readArguments(words, ["isolates"])).toThrow(TypeError)
  })
})

describe("in an outage, a fleet that shares its verdict", () => {
  const fleets = [
    { clients: 100, rate: 2, outage: 180, after: 180 },
    { clients: 400, rate: 8, outage: 80, after: 5 },
  ]
  test.each(fleets)("of $clients clients at $rate/s keeps M1, M3 and M5", async (fleet) => {
    const plan = { ...outagePlan(fleet), link: LOSSLESS }
    const metrics: OutageMetrics = outageMetrics(await simulate(shared, plan, SEED), plan)
    expect(metrics.doomedPerMinute).toBeLessThanOrEqual(10)
    expect(metrics.peak).toBe(1)
    expect(metrics.overshoot).toBeLessThanOrEqual(1)
    expect(outagePromises(shared, metrics, plan).filter((text) => !text.includes("M2"))).toEqual([])
  })

  test("keeps M2 if each client makes its first call in the outage: 8 failures open the breaker", async () => {
    const plan = { ...outagePlan({ clients: 100, rate: 0.02, outage: 180, after: 1 }), link: LOSSLESS }
    const [origin] = plan.origins
    const down = { ...plan, origins: [{ ...origin!, capacity: () => 0 }], outage: [0, 180] as const }
    expect(outageMetrics(await simulate(shared, down, SEED), down).failuresToOpen).toBe(8)
  })

  test("keeps what a fleet without breakers misses by far: M1 and M5", async () => {
    const plan = outagePlan({ clients: 100, rate: 2, outage: 120, after: 140 })
    const { doomedPerMinute, overshoot } = outageMetrics(await simulate(unprotected, plan, SEED), plan)
    expect(doomedPerMinute).toBeGreaterThan(10_000)
    expect(overshoot).toBeGreaterThan(3)
  })

  test("opens by a rate after one or two calls of each, where each makes few", async () => {
    const plan = outagePlan({ clients: 500, rate: 0.1, outage: 120, after: 1 })
    const { doomedToOpen } = outageMetrics(await simulate(sharedRate, plan, SEED), plan)
    expect(doomedToOpen).toBeLessThan(2 * plan.clients)
  })

  test("opens by a rate too, even if the breakers of its clients opened first", async () => {
    const byRate: Variant = {
      ...shared,
      object: () => ({ ...failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }), timeout: 10_000 }),
    }
    const plan = outagePlan({ clients: 100, rate: 2, outage: 240, after: 1 })
    expect(outageMetrics(await simulate(byRate, plan, SEED), plan).doomedPerMinute).toBeLessThanOrEqual(10)
  })
})

describe("without an outage", () => {
  test.each([SEED, SEED + 1, SEED + 2])("with a tenth of errors, at most one call in a thousand is rejected, seed %i: M6", async (seed) => {
    const plan = backgroundPlan(500, 2, 0.1, 300)
    expect(falseRejections(await simulate(shared, plan, seed), plan).share).toBeLessThanOrEqual(0.001)
  })

  test.each([0.05, 0.1])("with a share of %d of errors, a rate opens nothing where each isolate makes a call in a window: M6", async (errors) => {
    const plan = backgroundPlan(500, 0.1, errors, 300)
    expect(falseRejections(await simulate(sharedRate, plan, SEED), plan)).toEqual({ share: 0, opensPerHour: 0 })
  })

  test("failures of one shard or of a few clients do not affect the others: M7, M8", async () => {
    const of = async (name: string): Promise<readonly (readonly string[])[]> => (await scenario(name).run(contextOf(SEED, shared))).rows
    expect(await of("shards")).toEqual([["shared", "0"]])
    expect(await of("broken-clients")).toEqual([["shared", "0", "0"]])
  })

  test("a store that is down fails no call: M8", async () => {
    const quiet = { clients: 100, rate: 2, seconds: 60, origins: [healthy(200, 0.01)], link: LOSSLESS, store: { ...STORE, isDown: () => true } }
    const [bare, down] = [await simulate(unprotected, quiet, SEED), await simulate(shared, quiet, SEED)]
    expect(sum(down.tally.rejected)).toBe(0)
    expect(sum(down.tally.failed)).toBe(sum(bare.tally.failed))
  })
})
