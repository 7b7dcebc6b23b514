/**
 * The isolates of a Worker and their object in workerd itself, in front of an origin that counts requests.
 * Real time passes here: tests wait for a condition, and never assert how long that took.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import type { WorkerdVersion } from "../runtimes/workerd-version.ts"
import { ISOLATES, KINDS, startFleet, type Call, type Fleet, type Isolate } from "./fleet.ts"
import { runs } from "./runs.ts"

const OPEN = "ERR_OPEN_STATE"
const REJECTED = [OPEN, "ERR_TOO_MANY_REQUESTS"]

describe.each<WorkerdVersion>(["bundled", "newest"])("durableObjectStore() in workerd, %s", (version) => {
  let fleet: Fleet
  let origin: Origin
  beforeAll(async () => {
    origin = await startOrigin()
    fleet = await startFleet(version)
  })
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await origin?.close()
  })
  afterEach(async () => {
    await fleet.mode("healthy")
  })

  const down = (id: string): string => `${origin.url}/status/503?id=${encodeURIComponent(id)}`
  const up = (id: string): string => `${origin.url}/ok?id=${encodeURIComponent(id)}`
  const slow = (id: string, ms: number): string => `${origin.url}/slow?ms=${ms}&id=${encodeURIComponent(id)}`

  const becomes = async (isolate: Isolate, name: string, state: string): Promise<void> => {
    await expect.poll(async () => (await fleet.state(isolate, name)).state, { timeout: 20_000, interval: 20 }).toBe(state)
  }
  /** Opens a breaker through one isolate, and lets the others learn of it. On a slow machine, some are half-open by then. */
  const open = async (name: string, isolates: readonly Isolate[]): Promise<void> => {
    for (let i = 0; i < 3; i++) await fleet.many(isolates[0]!, name, "f")
    for (const isolate of isolates) {
      await fleet.many(isolate, name, "f")
      await expect.poll(async () => (await fleet.state(isolate, name)).state, { timeout: 20_000, interval: 20 }).not.toBe("closed")
    }
  }

  test.each([undefined, "binding", "alone"] as const)("failures of one isolate open the others: one call each (%s)", async (store) => {
    const name = `plain ${store}`
    for (let i = 0; i < 3; i++) expect(await fleet.call("a", name, down("first"), store)).toBe("status 503")
    await becomes("a", name, "open")
    for (const isolate of ["b", "c", "d"] as const) {
      const id = `${name} ${isolate}`
      await fleet.call(isolate, name, down(id), store)
      if (store === "alone") continue
      await becomes(isolate, name, "open")
      for (let i = 0; i < 5; i++) expect(await fleet.call(isolate, name, up(id), store)).toBe(OPEN)
      expect(origin.hits(id)).toBe(1)
      expect((await fleet.state(isolate, name)).retryAfter).toBeGreaterThan(30_000)
    }
  })

  test("a breaker at the top level shares the verdict too", async () => {
    await open("plain top level", ["a", "b"])
  })

  test("after it opens, only calls in flight and one more reach the origin", async () => {
    const name = "plain in flight"
    await fleet.many("b", name, "s")
    const flying = Array.from({ length: 10 }, () => fleet.call("b", name, slow("flying", 500)))
    await expect.poll(() => origin.hits("flying")).toBe(10)
    await open(name, ["a"])
    await fleet.call("b", name, down("one more"))
    await becomes("b", name, "open")
    const after = await Promise.all(Array.from({ length: 20 }, () => fleet.call("b", name, up("after"))))
    expect(new Set(after)).toEqual(new Set([OPEN]))
    await Promise.all(flying)
    expect([origin.hits("flying"), origin.hits("one more"), origin.hits("after")]).toEqual([10, 1, 0])
  })

  test("failures spread thinly over ten isolates open all of them", async () => {
    const name = "thin failures"
    for (const isolate of ISOLATES) await fleet.call(isolate, name, down(name))
    for (const isolate of ISOLATES) {
      if ((await fleet.state(isolate, name)).state === "closed") await fleet.call(isolate, name, down(name))
      await becomes(isolate, name, "open")
    }
    expect(origin.hits(name)).toBeLessThanOrEqual(8 + ISOLATES.length)
  })

  test("sporadic failures among many successes open none", async () => {
    const name = "thin noise"
    const plan = "sssssssssf".repeat(10)
    const results = await Promise.all(ISOLATES.map((isolate) => fleet.many(isolate, name, plan)))
    expect(results).toEqual(ISOLATES.map(() => ({ up: 90, down: 10 })))
    const states = await Promise.all(ISOLATES.map((isolate) => fleet.state(isolate, name)))
    expect(states.map(({ state }) => state)).toEqual(ISOLATES.map(() => "closed"))
  })

  test.each([
    ["brief probes", 1],
    ["triple probes", 3],
  ])("of 200 calls at the end of the open period, the right number is made (%s: %i)", async (name, maxRequests) => {
    const eight = ISOLATES.slice(0, 8)
    await open(name, eight)
    for (const isolate of eight) await becomes(isolate, name, "half-open")
    const id = `${version} ${name}`
    const calls = eight.flatMap((isolate) => Array.from({ length: 25 }, () => fleet.call(isolate, name, slow(id, 2_000))))
    const results = await Promise.all(calls)
    expect(origin.hits(id)).toBe(maxRequests)
    expect(results.filter((result) => result === "200")).toHaveLength(maxRequests)
    expect(results.filter((result) => REJECTED.includes(result))).toHaveLength(200 - maxRequests)
    for (const isolate of eight) {
      await expect.poll(() => fleet.call(isolate, name, up("after")), { timeout: 20_000 }).toBe("200")
      await becomes(isolate, name, "closed")
    }
  })

  test("the lease of a probe whose client disconnects expires, and exactly one other probe is made", async () => {
    const name = "lapsing probe"
    const others = ISOLATES.slice(1, 5)
    await open(name, ["a", ...others])
    for (const isolate of ["a", ...others] as const) await becomes(isolate, name, "half-open")
    const probe = fleet.callBySocket(name, `${origin.url}/hang?id=lost`)
    await expect.poll(() => origin.hits("lost"), { timeout: 20_000 }).toBe(1)
    probe.disconnect()
    const early = await Promise.all(others.map((isolate) => fleet.call(isolate, name, up("early"))))
    expect(early).toEqual(others.map(() => OPEN))
    const id = "next"
    // Each isolate calls again and again. The first admitted call holds the lease for a while.
    await expect
      .poll(
        async () => {
          await Promise.all(others.map((isolate) => fleet.call(isolate, name, slow(id, 1_500))))
          return origin.hits(id)
        },
        { timeout: 30_000, interval: 200 },
      )
      .toBeGreaterThan(0)
    expect([origin.hits("early"), origin.hits(id)]).toEqual([0, 1])
  })

  test("the lease of a probe whose isolate dies expires, even if the object dies too", async () => {
    const names = ["lasting death", "lapsing death"] as const
    for (const name of names) {
      for (let i = 0; i < 3; i++) await fleet.many("a", name, "f")
      await becomes("a", name, "half-open")
      fleet.callBySocket(name, `${origin.url}/hang?id=${name}`)
      await expect.poll(() => origin.hits(name), { timeout: 20_000 }).toBe(1)
    }
    await fleet.workerd.restart()
    const [lasting, lapsing] = names
    const others = ISOLATES.slice(1, 5)
    for (const isolate of others) {
      // A new isolate learns the state of the breaker with its first call.
      await fleet.many(isolate, lasting, "s")
      await expect.poll(() => fleet.call(isolate, lasting, up("early")), { timeout: 20_000 }).toBe(OPEN)
    }
    const early = origin.hits("early")
    for (let round = 0; round < 3; round++) await Promise.all(others.map((isolate) => fleet.call(isolate, lasting, up("early"))))
    expect(origin.hits("early")).toBe(early)
    const state = async (): Promise<string> => (await fleet.state("b", lapsing)).state
    await fleet.many("b", lapsing, "s")
    await expect.poll(state, { timeout: 20_000 }).not.toBe("closed")
    await expect.poll(async () => (await fleet.many("b", lapsing, "s"), state()), { timeout: 30_000 }).toBe("closed")
  })

  test("10 000 healthy calls over four isolates ask the object 20 times at most, and never wait for it", async () => {
    const name = "plain health"
    await fleet.mode("hanging")
    const hundred = "s".repeat(100)
    for (let round = 0; round < 25; round++) {
      const four = ISOLATES.slice(0, 4).map((isolate) => fleet.many(isolate, name, hundred))
      expect(await Promise.all(four)).toEqual(Array(4).fill({ up: 100 }))
    }
    expect(await fleet.received()).toBeLessThanOrEqual(20)
  })

  test("a breaker whose object is not bound goes on by itself", async () => {
    const name = "brief nowhere"
    for (let i = 0; i < 3; i++) expect(await fleet.call("a", name, down(name), "nowhere")).toBe("status 503")
    expect(await fleet.call("a", name, up(name))).toBe(OPEN)
    await becomes("a", name, "half-open")
    expect(await fleet.call("a", name, up(name))).toBe("200")
    await becomes("a", name, "closed")
    expect((await fleet.errors("a")).some((error) => error.startsWith("TypeError"))).toBe(true)
  })

  test.each(["slow", "hanging", "throwing", "overloaded", "aborting", "unreachable", "other version"])(
    "a %s object makes no call fail or wait",
    async (mode) => {
      const name = `brief ${mode}`
      await fleet.mode(mode)
      for (let i = 0; i < 3; i++) expect(await fleet.many("a", name, "f")).toEqual({ down: 1 })
      expect(await fleet.many("a", name, "s")).toEqual({ [OPEN]: 1 })
      await becomes("a", name, "half-open")
      expect(await fleet.many("a", name, "ss")).toEqual({ up: 2 })
      await expect.poll(() => fleet.errors("a")).not.toEqual([])
      await fleet.mode("healthy")
      // The object works again, even for isolates that have not used it yet.
      await open(name, ["b", "c"])
    },
  )

  /** Opens the breaker for four isolates and lets a call of one close it. */
  const recovered = async (name: string): Promise<readonly Isolate[]> => {
    const four = ISOLATES.slice(0, 4)
    await open(name, four)
    for (const isolate of four) await becomes(isolate, name, "half-open")
    expect(await fleet.many("a", name, "s")).toEqual({ up: 1 })
    return four
  }

  test("after closing, the share of admitted calls of all isolates grows from a tenth to all", async () => {
    const length = KINDS.ramp.slowStart
    const four = await recovered("ramp up")
    const ended = (calls: readonly Call[]): boolean => calls.every(({ state }) => state === undefined)
    const rejected = ({ state }: Call): boolean => state === "closed"
    const shares = { first: [0, 0], second: [0, 0], third: [0, 0] }
    await Promise.all(
      four.map(async (isolate) => {
        const calls: Call[] = []
        for (let series: Call[] = []; !calls.some(rejected) || !ended(series); ) {
          series = await fleet.series(isolate, "ramp up")
          calls.push(...series)
          // No rejection in so many calls means that there is no slow start.
          if (calls.length > 1_000 && !calls.some(rejected)) break
        }
        // Each rejection is told a random share of the rest, so the latest of those moments is close to the end.
        const closedAt = Math.max(...calls.filter(rejected).map(({ at, retryAfter = 0 }) => at + retryAfter)) - length
        for (const { at, state } of calls.slice(calls.findIndex(rejected))) {
          const third = Math.floor((3 * (at - closedAt)) / length)
          const share = [shares.first, shares.second, shares.third][third]
          if (share) share[state ? 1 : 0]! += 1
        }
      }),
    )
    const [first, second, third] = Object.values(shares).map(([made = 0, not = 0]) => {
      expect(made + not).toBeGreaterThan(50)
      return made / (made + not)
    })
    // The bounds are the shares at both ends of each third, with a tolerance for rounding in four isolates.
    expect(first).toBeGreaterThan(0.1 - 0.08)
    expect(first).toBeLessThan(0.4 + 0.08)
    expect(second).toBeGreaterThan(0.4 - 0.08)
    expect(second).toBeLessThan(0.7 + 0.08)
    expect(third).toBeGreaterThan(0.7 - 0.08)
    expect(third).toBeLessThan(1)
  })

  test("without a slow start all calls are made after closing", async () => {
    const four = await recovered("brief recovery")
    for (const isolate of four) {
      await expect.poll(() => fleet.many(isolate, "brief recovery", "s"), { timeout: 20_000 }).toEqual({ up: 1 })
      expect((await fleet.series(isolate, "brief recovery")).filter(({ state }) => state !== undefined)).toEqual([])
    }
  })

  test("an evicted object keeps the verdict and the end of the open period", async () => {
    const name = "plain evicted"
    await open(name, ["a"])
    const { retryAfter: before } = await fleet.state("a", name)
    await fleet.mode("aborting")
    await fleet.many("b", name, "f")
    await fleet.mode("healthy")
    await fleet.many("c", name, "f")
    await becomes("c", name, "open")
    expect((await fleet.state("c", name)).retryAfter).toBeLessThanOrEqual(before)
  })

  test("refuses malformed messages, and changes nothing", async () => {
    const name = "plain malformed"
    for (const body of ["", "{}", "[]", "null", '{"version":2}', JSON.stringify({ version: 1, name, reporter: "x", report: { runs: runs(0, -9) } })]) {
      expect((await fleet.raw(name, body)).status).toBe(400)
    }
    const answer = await fleet.raw(name, JSON.stringify({ version: 1, name, reporter: "x", report: {} }))
    expect(JSON.parse(await answer.text())).toEqual({ version: 1, state: "closed", opens: 0, retryAfter: 0, openFor: 0 })
  })

  test("one broken isolate is no quorum", async () => {
    const name = "quorum of two"
    await fleet.many("a", name, "ffff")
    await becomes("a", name, "open")
    for (const isolate of ["b", "c"] as const) {
      expect(await fleet.many(isolate, name, "sf")).toEqual({ up: 1, down: 1 })
      expect((await fleet.state(isolate, name)).state).toBe("closed")
    }
    await fleet.many("b", name, "f")
    await fleet.many("c", name, "f")
    await becomes("c", name, "open")
  })

  test("a restart of everything keeps the verdict and the end of the open period", async () => {
    const name = "plain restart"
    await open(name, ["a", "b"])
    const { retryAfter: before } = await fleet.state("a", name)
    await fleet.workerd.restart()
    for (const isolate of ["a", "b", "c"] as const) {
      await fleet.many(isolate, name, "s")
      await becomes(isolate, name, "open")
      const { retryAfter } = await fleet.state(isolate, name)
      expect(retryAfter).toBeGreaterThan(0)
      expect(retryAfter).toBeLessThanOrEqual(before)
    }
  })
})
