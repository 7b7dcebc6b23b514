import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, failureRate, OpenStateError, TooManyRequestsError, type Report, type Settings, type Verdict } from "../../src/index.ts"
import { breakerObject, durableObjectStore, type BreakerObjectSettings } from "../../src/stores/durable-object/index.ts"
import { FakeObjects } from "./fake-objects.ts"
import { runs } from "./runs.ts"

const START = 1_800_000_000_000
let objects: FakeObjects

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: START })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const place = (settings: BreakerObjectSettings | ((name: string) => BreakerObjectSettings)): void => {
  objects = new FakeObjects(breakerObject(settings))
}
const send = (body: string): Promise<Response> =>
  objects.get("api").fetch("https://breakers.invalid/", { method: "POST", body, signal: new AbortController().signal }) as Promise<Response>
const message = (report: unknown, rest: object = {}): string =>
  JSON.stringify({ version: 1, name: "api", reporter: "one", report, ...rest })
const tell = async (report: Report, reporter = "one"): Promise<Verdict> =>
  (await send(message(report, { reporter }))).json() as Promise<Verdict>
const failures = (count: number, reporter?: string): Promise<Verdict> => tell({ runs: runs(0, count) }, reporter)
const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms)

describe("breakerObject()", () => {
  test.each([
    [{ quorum: 0 }, RangeError, "quorum must be an integer from 1: got 0"],
    [{ quorum: 1.5 }, RangeError, "quorum"],
    [{ slowStart: -1 }, RangeError, "slowStart must be a number from 0: got -1"],
    [{ slowStart: "60s" }, TypeError, "slowStart"],
    [{ maxRequests: -1 }, RangeError, "maxRequests"],
    [{ readyToTrip: 5 }, RangeError, "readyToTrip"],
    [{ windowSize: 10, interval: 1_000 }, TypeError, "windowSize and interval"],
  ])("refuses the settings %j", (settings, type, text) => {
    expect(() => breakerObject(settings as BreakerObjectSettings)).toThrow(type)
    expect(() => breakerObject(settings as BreakerObjectSettings)).toThrow(text)
  })

  test("can be extended", async () => {
    class Breakers extends breakerObject({ timeout: 1_000 }) {}
    objects = new FakeObjects(Breakers)
    expect(await failures(6)).toEqual({ version: 1, state: "open", opens: 1, retryAfter: 1_000, openFor: 1_000 })
  })

  test("may have settings that depend on the name of the breaker", async () => {
    place((name) => ({ timeout: name === "api" ? 5_000 : 7_000 }))
    expect(await failures(6)).toMatchObject({ retryAfter: 5_000 })
    const other = await send(message({ runs: runs(0, 6) }, { name: "other" }))
    expect(await other.json()).toMatchObject({ retryAfter: 7_000 })
  })

  const malformed = [
    ...["", "x", "1", "null", "[]", "{}"],
    ...[undefined, null, 1, "all", []].map((report) => (Array.isArray(report) ? message(null) : message(report))),
    message({}, { version: 2 }),
    message({}, { version: "1" }),
    message({}, { name: 1 }),
    message({}, { name: ["api"] }),
    message({}, { name: "n".repeat(1_025) }),
    message({}, { reporter: undefined }),
    ...["6", [6], [null], runs(0, -6), runs(0, 0.5), runs(0, 1e9)].map((runs) => message({ runs })),
    ...[{ outcome: "excluded" }, { calls: undefined }, { slow: -1 }, { slow: 0.5 }, { age: -1 }, { age: "1" }].map((wrong) =>
      message({ runs: [...runs(1), { outcome: "failure", calls: 6, ...wrong }] }),
    ),
    ...[{ retryAfter: "60" }, { acquire: 1 }, { opened: 6 }, { opened: {} }].map((wrong) => message({ runs: runs(0, 6), ...wrong })),
    ...[{ runs: runs(0, 6), force: "half-open" }, { settle: "1.1" }, { settle: { lease: 1, outcome: "failure" } }].map((report) => message(report)),
    message({ runs: runs(0, 6), settle: { lease: "1.1", outcome: "lost" } }),
  ]
  test.each(malformed)("refuses %j, and changes nothing", async (body) => {
    place({})
    await failures(5)
    const response = await send(body)
    expect(response.status).toBe(400)
    expect(await response.text()).toMatch(/Error/)
    expect(await tell({})).toEqual({ version: 1, state: "closed", opens: 0, retryAfter: 0, openFor: 0, streak: 5 })
    expect(await failures(1)).toMatchObject({ state: "open" })
  })

  test.each([
    ["7", "RangeError: message must be an object: got 7"],
    [message({}, { version: 2 }), "RangeError: version must be 1: got 2"],
    [message({}, { name: 5 }), "RangeError: name must be a string of up to 1024 characters: got 5"],
    [message({}, { reporter: null }), "TypeError: reporter must be a string of up to 1024 characters: got null"],
    [message("all"), 'TypeError: report must be an object: got "all"'],
    [message({ runs: 6 }), "RangeError: runs must be a list of runs of 250000 calls at most together: got 6"],
    [message({ opened: 6 }), "RangeError: opened must be counts: got 6"],
    [message({ force: "ajar" }), 'TypeError: force must be "open" or "closed": got "ajar"'],
    [message({ settle: { lease: 1, outcome: "failure" } }), "RangeError: settle.lease must be a string of up to 1024 characters: got 1"],
    [message({ settle: { lease: "1", outcome: "lost" } }), 'TypeError: settle.outcome must be "success" or "failure" or "excluded": got "lost"'],
  ])("says what is wrong with %s", async (body, text) => {
    place({})
    expect(await (await send(body)).text()).toBe(text)
  })

  test("accepts a name of 1024 characters, and 250 000 calls in one report", async () => {
    place({})
    const response = await send(message({ runs: runs(249_994, 6) }, { name: "n".repeat(1_024) }))
    expect(response.headers.get("content-type")).toBe("application/json")
    expect(await response.json()).toMatchObject({ state: "open" })
  })

  test("ignores fields of later versions", async () => {
    place({})
    expect((await send(message({ runs: runs(0, 6), weather: "fair" }, { region: "weur" }))).status).toBe(200)
    expect(await tell({})).toMatchObject({ state: "open" })
  })

  test("stores its record only when the state or a lease changes", async () => {
    place({ timeout: 10_000 })
    for (let i = 0; i < 100; i++) await tell({ runs: runs(10, 1) })
    expect(objects.puts).toBe(0)
    await failures(6)
    await failures(6)
    expect(objects.puts).toBe(1)
    pass(10_001)
    const { lease } = await tell({ acquire: true })
    expect(objects.puts).toBe(2)
    await tell({ acquire: true })
    expect(objects.puts).toBe(2)
    await tell({ settle: { lease: lease!, outcome: "success" } })
    expect(objects.puts).toBe(3)
    await tell({ settle: { lease: lease!, outcome: "success" } })
    expect(objects.puts).toBe(3)
  })

  test("closes after successes even if it is evicted between them", async () => {
    place({ timeout: 10_000, maxRequests: 3 })
    await failures(6)
    pass(10_001)
    for (let i = 0; i < 3; i++) {
      const { lease } = await tell({ acquire: true })
      await tell({ settle: { lease: lease!, outcome: "success" } })
      objects.evict()
    }
    expect(await tell({})).toMatchObject({ state: "closed" })
  })

  test("keeps its open period and its number of openings after eviction", async () => {
    place({ timeout: ({ opens }) => opens * 10_000 })
    await failures(6)
    pass(4_000)
    objects.evict()
    expect(await tell({})).toMatchObject({ state: "open", retryAfter: 6_000, opens: 1 })
    pass(6_001)
    objects.evict()
    const { lease } = await tell({ acquire: true })
    expect(await tell({ settle: { lease: lease!, outcome: "failure" } })).toMatchObject({ retryAfter: 20_000, opens: 2 })
  })

  test.each(["open", "half-open"])("remembers after eviction that it was tripped when an open period was over, known as %s", async (state) => {
    place({ timeout: ({ opens }) => opens * 10_000 })
    await failures(6)
    pass(10_001)
    if (state === "half-open") await tell({})
    expect(await tell({ force: "open" })).toMatchObject({ state: "open", opens: 2 })
    objects.evict()
    expect(await tell({})).toMatchObject({ state: "open", opens: 2, retryAfter: 20_000 })
    const { puts } = objects
    await tell({ force: "open" })
    expect(objects.puts).toBe(puts)
  })

  test("remembers its leases after eviction", async () => {
    place({ timeout: 10_000, maxRequests: 3 })
    await failures(6)
    pass(10_001)
    const leases = [await tell({ acquire: true }), await tell({ acquire: true }), await tell({ acquire: true })].map(({ lease }) => lease)
    expect(new Set(leases).size).toBe(3)
    objects.evict()
    expect((await tell({ acquire: true })).lease).toBeUndefined()
    for (const lease of leases.slice(0, 2)) expect(await tell({ settle: { lease: lease!, outcome: "success" } })).toMatchObject({ state: "half-open" })
    expect(await tell({ settle: { lease: leases[2]!, outcome: "success" } })).toMatchObject({ state: "closed" })
  })

  test.each([undefined, 0])("a lease lapses after the open period with a probeTimeout of %s", async (probeTimeout) => {
    place({ timeout: 10_000, probeTimeout })
    await failures(6)
    pass(10_001)
    expect((await tell({ acquire: true })).lease).toBeDefined()
    pass(9_999)
    expect((await tell({ acquire: true })).lease).toBeUndefined()
    pass(2)
    expect((await tell({ acquire: true })).lease).toBeDefined()
    expect((await tell({ acquire: true })).lease).toBeUndefined()
  })

  test("loads its record once, and loses no report that arrives meanwhile", async () => {
    place({})
    const verdicts = await Promise.all(Array.from({ length: 6 }, () => failures(1)))
    expect(verdicts.map(({ state }) => state)).toEqual([...Array(5).fill("closed"), "open"])
  })

  test("starts with a new record if storage fails, or has an invalid record", async () => {
    place({})
    objects.stored.set("api breaker:api", { record: { version: 1, snapshot: "?" }, closedAt: "?" })
    expect(await failures(6)).toMatchObject({ state: "open" })
    objects = new FakeObjects(
      class extends breakerObject() {
        constructor() {
          super({ storage: { get: () => Promise.reject(new Error("broken")), put: () => Promise.reject(new Error("broken")) } })
        }
      },
    )
    expect(await failures(6)).toMatchObject({ state: "open" })
  })

  test("keeps five thousand breakers in memory, those heard of last", async () => {
    let loads = 0
    const storage = { get: async () => void (loads += 1), put: async () => {} }
    objects = new FakeObjects(
      class extends breakerObject() {
        constructor() {
          super({ storage })
        }
      },
    )
    const hear = async (name: string): Promise<number> => (await send(message({}, { name })), loads)
    for (let i = 0; i < 5_000; i++) await hear(`${i}`)
    expect([await hear("0"), await hear("5000"), await hear("0"), await hear("1")]).toEqual([5_000, 5_001, 5_001, 5_002])
  })

  test("answers with durations, never with points in time", async () => {
    place({ slowStart: 60_000, timeout: 10_000 })
    await failures(6)
    pass(10_001)
    const { lease } = await tell({ acquire: true })
    const closed = await tell({ settle: { lease: lease!, outcome: "success" } })
    for (const verdict of [await tell({}), closed]) {
      for (const number of JSON.stringify(verdict).match(/\d+/g) ?? []) expect(Number(number)).toBeLessThan(START / 2)
    }
  })
})

describe("quorum", () => {
  test("may be a single isolate", async () => {
    place({ quorum: 1 })
    expect(await failures(6)).toMatchObject({ state: "open" })
  })

  test("counts within the streak when there is no window", async () => {
    place({ quorum: 2 })
    expect(await failures(50, "broken")).toMatchObject({ state: "closed" })
    expect(await tell({ runs: runs(10, 1) }, "healthy")).toMatchObject({ state: "closed" })
    expect(await failures(9, "healthy")).toMatchObject({ state: "closed" })
    expect(await failures(1, "broken")).toMatchObject({ state: "open" })
  })

  test("counts within the streak even if an isolate asks for a lease meanwhile", async () => {
    place({ quorum: 2 })
    await failures(5, "one")
    await tell({ acquire: true }, "other")
    expect(await failures(1, "other")).toMatchObject({ state: "open" })
  })

  test("forgets the isolates of a streak when the streak ends", async () => {
    place({ quorum: 2 })
    await failures(1, "healthy")
    await tell({ runs: runs(1) }, "healthy")
    expect(await failures(50, "broken")).toMatchObject({ state: "closed" })
  })

  test("counts within a rolling window of time", async () => {
    const rate = failureRate({ threshold: 0.5, minimumRequests: 5, within: 10_000 })
    place({ ...rate, quorum: 2 })
    await tell({ runs: runs(0, 1) }, "other")
    pass(11_000)
    expect(await failures(50, "broken")).toMatchObject({ state: "closed" })
    pass(5_000)
    expect(await failures(1, "other")).toMatchObject({ state: "open" })
  })

  test("forgets failures that are ahead of a clock that was set back", async () => {
    place({ ...failureRate({ threshold: 0.5, minimumRequests: 5, within: 10_000 }), quorum: 2 })
    await tell({ runs: runs(0, 1) }, "other")
    pass(-3_600_000)
    expect(await failures(50, "broken")).toMatchObject({ state: "closed" })
  })

  test("counts within a fixed window of time", async () => {
    place({ interval: 10_000, quorum: 2, readyToTrip: ({ totalFailures }) => totalFailures > 2 })
    await failures(1, "other")
    await tell({ runs: runs(5) }, "other")
    expect(await failures(1, "broken")).toMatchObject({ state: "closed" })
    pass(10_001)
    expect(await failures(9, "broken")).toMatchObject({ state: "closed" })
    expect(await failures(1, "other")).toMatchObject({ state: "open" })
  })

  test("counts within a window of calls", async () => {
    place({ ...failureRate({ threshold: 0.5, minimumRequests: 5, last: 10 }), quorum: 2 })
    await failures(1, "other")
    await tell({ runs: runs(8) }, "third")
    expect(await failures(9, "broken")).toMatchObject({ state: "closed" })
    expect(await failures(1, "other")).toMatchObject({ state: "open" })
  })

  test.each([
    ["remembers", 8, "open"],
    ["forgets", 9, "closed"],
  ])("%s a failure after %i more calls, with a window of ten and another failure", async (_, calls, state) => {
    place({ windowSize: 10, quorum: 2, readyToTrip: ({ totalFailures }) => totalFailures > 0 })
    await failures(1, "other")
    await tell({ runs: runs(calls) }, "third")
    expect(await failures(1, "broken")).toMatchObject({ state })
  })

  test.each([
    ["fixed window of time", { interval: 10_000 }],
    ["rolling window of time", { interval: 10_000, bucketPeriod: 1_000 }],
    ["window of calls", { windowSize: 10 }],
  ])("counts within a %s, whatever succeeds between the failures", async (_, window) => {
    place({ ...window, quorum: 2, readyToTrip: ({ totalFailures }) => totalFailures > 1 })
    await failures(1, "other")
    await tell({ runs: runs(3) }, "third")
    expect(await failures(1, "broken")).toMatchObject({ state: "open" })
  })

  test("counts isolates and not their breakers or reports", async () => {
    place({ quorum: 3 })
    const stores = Array.from({ length: 3 }, () => durableObjectStore(objects))
    const call = async (store: number): Promise<string> => {
      const breaker = new CircuitBreaker({ name: "api", store: stores[store] })
      await breaker.execute(() => Promise.reject(new Error("down"))).catch(() => {})
      await vi.advanceTimersByTimeAsync(1)
      return breaker.state
    }
    for (let i = 0; i < 10; i++) expect([await call(0), await call(1)]).toEqual(["closed", "closed"])
    expect(await call(2)).toBe("open")
  })
})

describe("slowStart", () => {
  const LENGTH = 100_000

  /** Opens the breaker, and closes it with a probe. Returns isolates that all know of that. */
  async function recovered(settings: BreakerObjectSettings, count: number): Promise<CircuitBreaker[]> {
    place({ timeout: 10_000, ...settings })
    const isolates = Array.from({ length: count }, () => new CircuitBreaker({ name: "api", timeout: 10_000, store: durableObjectStore(objects) } as Settings))
    await failures(6)
    for (const isolate of isolates) await attempt(isolate)
    await vi.advanceTimersByTimeAsync(10_001)
    for (const isolate of isolates) {
      isolate.execute(async () => {}).catch(() => {})
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(isolates.map(({ state }) => state)).toEqual(Array(count).fill("closed"))
    return isolates
  }
  async function attempt(isolate: CircuitBreaker): Promise<unknown> {
    const error: unknown = await isolate.execute(async () => {}).then(() => undefined, (error: unknown) => error)
    await vi.advanceTimersByTimeAsync(0)
    return error
  }
  /** The share of calls that all isolates together admit now. */
  async function share(isolates: readonly CircuitBreaker[], each: number): Promise<number> {
    let admitted = 0
    for (let i = 0; i < each; i++) for (const isolate of isolates) if (!(await attempt(isolate))) admitted += 1
    return admitted / (each * isolates.length)
  }

  test("admits a steadily growing share of the calls of all isolates", async () => {
    const isolates = await recovered({ slowStart: LENGTH }, 20)
    const shares: number[] = []
    for (let quarter = 0; quarter < 5; quarter++) {
      shares.push(await share(isolates, 50))
      await vi.advanceTimersByTimeAsync(LENGTH / 4)
    }
    expect(shares).toEqual([0.1, 0.325, 0.55, 0.775, 1].map((value) => expect.closeTo(value, 1)))
    expect(shares[4]).toBe(1)
  })

  test("applies to few calls of many isolates too", async () => {
    const isolates = await recovered({ slowStart: LENGTH }, 300)
    // Each isolate begins at another point of its cycle. Otherwise none or all first calls would be admitted.
    const first = await share(isolates, 1)
    expect(first).toBeGreaterThan(0.03)
    expect(first).toBeLessThan(0.2)
  })

  test("is off by default: all calls are admitted at once", async () => {
    expect(await share(await recovered({}, 20), 10)).toBe(1)
  })

  test("rejects the other calls with an error that has the time to wait", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0)
    const [isolate] = await recovered({ slowStart: LENGTH }, 1)
    const error = (await attempt(isolate!)) as TooManyRequestsError
    expect(error).toBeInstanceOf(TooManyRequestsError)
    expect(error.state).toBe("closed")
    expect(error.message).toBe('circuit breaker "api" is closed: too many requests')
    expect(error.retryAfter).toBeGreaterThan(0)
    expect(error.retryAfter).toBeLessThanOrEqual(LENGTH)
    expect(isolate?.state).toBe("closed")
  })

  test("spreads the return of the calls that it rejects over the rest of its time", async () => {
    const isolates = await recovered({ slowStart: LENGTH }, 100)
    const errors = await Promise.all(isolates.map(attempt))
    const waits = errors.flatMap((error) => (error ? [(error as TooManyRequestsError).retryAfter] : []))
    // Random whole numbers: a few of them may be the same.
    expect(new Set(waits).size).toBeGreaterThan(waits.length * 0.9)
    expect(Math.min(...waits)).toBeLessThan(LENGTH / 4)
    expect(Math.max(...waits)).toBeGreaterThan(LENGTH / 2)
  })

  test("continues after eviction, and for new isolates", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0)
    await recovered({ slowStart: LENGTH }, 1)
    await vi.advanceTimersByTimeAsync(LENGTH / 2)
    objects.evict()
    const late = new CircuitBreaker({ name: "api", store: durableObjectStore(objects) })
    await attempt(late)
    const between = await share([late], 100)
    expect(between).toBeGreaterThan(0.5)
    expect(between).toBeLessThan(0.6)
    await vi.advanceTimersByTimeAsync(LENGTH / 2)
    expect(await share([late], 100)).toBe(1)
  })

  test("ends when it opens again", async () => {
    const isolates = await recovered({ slowStart: LENGTH }, 2)
    await failures(6)
    for (const isolate of isolates) {
      for (let i = 0; i < 12; i++) await isolate.execute(() => Promise.reject(new Error("down"))).catch(() => {})
      await vi.advanceTimersByTimeAsync(1)
    }
    for (const isolate of isolates) expect(await attempt(isolate)).toBeInstanceOf(OpenStateError)
  })

  test("begins when the breaker closes, and not before", async () => {
    place({ slowStart: LENGTH, timeout: 10_000 })
    expect(await tell({})).not.toHaveProperty("slowStart")
    await failures(6)
    pass(10_001)
    const { lease } = await tell({ acquire: true })
    pass(5_000)
    expect(await tell({ settle: { lease: lease!, outcome: "success" } })).toMatchObject({ slowStart: { elapsed: 0, length: LENGTH } })
    expect(await failures(6)).not.toHaveProperty("slowStart")
  })

  test("does not get longer when the clock of an isolate is set back", async () => {
    const [isolate] = await recovered({ slowStart: LENGTH }, 1)
    vi.setSystemTime(START - 3_600_000)
    await attempt(isolate!)
    vi.setSystemTime(START - 3_600_000 + LENGTH)
    expect(await share([isolate!], 20)).toBe(1)
  })

  test("does not get longer when the clock of the object is set back", async () => {
    place({ slowStart: LENGTH, timeout: 10_000 })
    await failures(6)
    pass(10_001)
    const { lease } = await tell({ acquire: true })
    expect(await tell({ settle: { lease: lease!, outcome: "success" } })).toMatchObject({ slowStart: { elapsed: 0, length: LENGTH } })
    pass(-3_600_000)
    expect(await tell({})).not.toHaveProperty("slowStart")
    pass(LENGTH)
    expect(await tell({})).not.toHaveProperty("slowStart")
  })
})
