/** Behaviour that matters with many isolates. `test/fleet` shows its effects. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, failureRate, type Run } from "../../src/index.ts"
import { breakerObject, durableObjectStore, type BreakerObjectSettings } from "../../src/stores/durable-object/index.ts"
import { createFleetPolicy, FleetBreaker } from "../../src/stores/durable-object/fleet-breaker.ts"
import { counts } from "../breaker/calls.ts"
import { FakeObjects } from "./fake-objects.ts"
import { runs } from "./runs.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe("the breaker of a fleet", () => {
  const fleet = (settings: BreakerObjectSettings): FleetBreaker => new FleetBreaker(createFleetPolicy(settings), undefined, 0)

  test("tells clients beyond the first few hundred to come back one after the other", () => {
    const breaker = fleet({ ...consecutiveFailures(1), timeout: 10_000 })
    const waits = Array.from({ length: 1_000 }, (_, i) => breaker.apply(`${i}`, i ? {} : { runs: runs(0, 1) }, 0).verdict.retryAfter)
    expect(new Set(waits.slice(0, 200))).toEqual(new Set([10_000]))
    expect(waits.at(-1)).toBe(10_000 + 800 * 2)
    expect([...waits].sort((a, b) => a - b)).toEqual(waits)
    // The first client to ask after the period still gets the lease.
    expect(breaker.apply("first", { acquire: true }, 10_001).verdict.lease).toBeDefined()
  })

  test("tells no client of a closed breaker to wait", () => {
    const breaker = fleet({})
    const waits = Array.from({ length: 300 }, (_, i) => breaker.apply(`${i}`, {}, 0).verdict.retryAfter)
    expect(new Set(waits)).toEqual(new Set([0]))
  })

  test("opens by the counts of an isolate that has opened, since eviction leaves it without its own", () => {
    const rate = failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 })
    const opened = counts({ requests: 20, totalSuccesses: 10, totalFailures: 10 })
    expect(fleet(rate).apply("a", { runs: runs(0, 1) }, 0).verdict.state).toBe("closed")
    expect(fleet(rate).apply("a", { runs: runs(0, 1), opened }, 0).verdict.state).toBe("open")
  })

  test("opens by its own counts only with a fixed window, which the isolates do not share", () => {
    const breaker = fleet({ interval: 10_000, readyToTrip: ({ totalFailures }) => totalFailures > 1 })
    const opened = counts({ requests: 2, totalFailures: 2 })
    expect(breaker.apply("a", { runs: runs(0, 1), opened }, 0).verdict.state).toBe("closed")
    expect(breaker.apply("a", { runs: runs(0, 1) }, 0).verdict.state).toBe("open")
  })

  test("does not end a streak because of successes that are older than it", () => {
    const breaker = fleet(consecutiveFailures(4))
    const tell = (reporter: string, calls: number[], previousAge: number, now: number): string =>
      breaker.apply(reporter, { runs: runs(...calls), previousAge }, now).verdict.state
    expect(tell("a", [20, 1], 500, 1_000)).toBe("closed")
    expect(tell("b", [20, 1], 500, 1_010)).toBe("closed")
    expect(tell("a", [0, 1], 0, 1_100)).toBe("closed")
    expect(tell("b", [0, 1], 0, 1_200)).toBe("closed")
    expect(tell("c", [20, 1], 700, 1_250)).toBe("closed")
    expect(tell("c", [0, 1], 0, 1_300)).toBe("open")
  })

  test("does not end a streak that began with the first call of an isolate because of such successes either", () => {
    const breaker = fleet(consecutiveFailures(4))
    breaker.apply("a", { runs: runs(0, 3) }, 1_000)
    expect(breaker.apply("b", { runs: runs(20, 1), previousAge: 500 }, 1_010).verdict.streak).toBe(3)
  })

  test("does not carry a streak over into the next fixed window", () => {
    const breaker = fleet({ ...consecutiveFailures(4), interval: 10_000 })
    breaker.apply("a", { runs: runs(0, 3) }, 1_000)
    expect(breaker.apply("b", { runs: runs(20, 1), previousAge: 15_000 }, 11_001).verdict.streak).toBe(1)
  })

  test("ends a streak because of a success since it began, or of unknown age", () => {
    for (const previousAge of [50, undefined]) {
      const breaker = fleet(consecutiveFailures(4))
      breaker.apply("a", { runs: runs(0, 3) }, 1_000)
      const report = { runs: runs(20, 1), ...(previousAge !== undefined && { previousAge }) }
      expect(breaker.apply("b", report, 1_100).verdict).toMatchObject({ state: "closed", streak: 1 })
    }
  })

  test("does not count the first failure of a client that was failing before the streak began", () => {
    const breaker = fleet(consecutiveFailures(3))
    const tell = (previousAge: number, now: number): number | undefined =>
      breaker.apply("b", { runs: runs(0, 1), previousAge }, now).verdict.streak
    breaker.apply("a", { runs: runs(20, 1), previousAge: 0 }, 1_000)
    expect(tell(411, 1_160)).toBe(1)
    // Reports may be a quarter of a second late, so this failure may have come after the first one.
    expect(tell(410, 1_160)).toBe(2)
    expect(tell(10, 1_170)).toBeUndefined()
  })

  test("keeps a streak when failures from before the present state are reported, which do not count", () => {
    const breaker = fleet({ ...consecutiveFailures(5), timeout: 10_000 })
    breaker.apply("a", { force: "open" }, 1_000)
    breaker.apply("a", { force: "closed" }, 50_000)
    breaker.apply("a", { runs: runs(0, 4) }, 60_000)
    const late: Run = { outcome: "failure", calls: 1, age: 15_000 }
    const report = { runs: [...runs(1), late], previousAge: 16_000 }
    for (let i = 0; i < 3; i++) expect(breaker.apply(`late ${i}`, report, 60_100).verdict.streak).toBe(4)
  })

  test("begins a new streak with the failures at the end of a report", () => {
    const breaker = fleet({ ...consecutiveFailures(3), quorum: 2 })
    const tell = (reporter: string, calls: number[], previousAge: number, now: number): unknown =>
      breaker.apply(reporter, { runs: runs(...calls), previousAge }, now).verdict
    tell("a", [0, 2], 0, 1_000)
    // The age of the successes between its failures is unknown, but they ended the streak.
    expect(tell("b", [5, 1, 5, 2], 900, 1_100)).toMatchObject({ state: "closed", streak: 2 })
    expect(tell("b", [0, 5], 10, 1_110)).toMatchObject({ state: "closed", streak: 7 })
    // The first failure of this client does not lengthen the streak, but it completes the quorum.
    expect(tell("a", [5, 1], 200, 1_120)).toMatchObject({ state: "open" })
  })

  test("continues a streak even if its clock is set back", () => {
    const breaker = fleet(consecutiveFailures(3))
    const HOUR = 3_600_000
    breaker.apply("a", { runs: runs(0, 1) }, HOUR)
    for (const now of [1_000, 2_000]) breaker.apply("b", { runs: runs(0, 1), previousAge: 1_000 }, now)
    expect(breaker.apply("b", { runs: runs(0, 1), previousAge: 1_000 }, 3_000).verdict.state).toBe("open")
  })

  test("joins two runs of failures that have no success between them", () => {
    const quorum = fleet({ ...consecutiveFailures(4), quorum: 2 })
    quorum.apply("a", { runs: runs(0, 2) }, 1_000)
    expect(quorum.apply("b", { runs: runs(0, 1, 0, 1) }, 1_010).verdict.state).toBe("open")
    const breaker = fleet(consecutiveFailures(9))
    breaker.apply("a", { runs: runs(0, 2) }, 1_000)
    expect(breaker.apply("b", { runs: runs(9, 1, 0, 1), previousAge: 60_000 }, 1_010).verdict.streak).toBe(3)
  })

  test("continues the streak of the client that began it, however late its first report was", () => {
    const breaker = fleet(consecutiveFailures(3))
    // The first report was under way for 400 ms, the others for 0 ms.
    breaker.apply("a", { runs: runs(0, 1) }, 1_400)
    breaker.apply("a", { runs: runs(0, 1), previousAge: 1_000 }, 2_000)
    expect(breaker.apply("a", { runs: runs(0, 1), previousAge: 1_000 }, 3_000).verdict.state).toBe("open")
  })

  test("counts slow calls among successes that are older than the streak", () => {
    const slow = (...[successes = 0, failures = 0]): Run[] => [
      { outcome: "success", calls: successes, slow: successes },
      { outcome: "failure", calls: 1, slow: failures },
    ]
    const breaker = fleet({ readyToTrip: ({ totalSlow }) => totalSlow > 3 })
    breaker.apply("a", { runs: runs(0, 1) }, 1_000)
    expect(breaker.apply("b", { runs: slow(2, 1), previousAge: 900 }, 1_100).verdict.state).toBe("closed")
    expect(breaker.apply("b", { runs: slow(0, 1) }, 1_200).verdict.state).toBe("open")
  })

  test("counts successes that are older than the streak in a rate", () => {
    const breaker = fleet(failureRate({ threshold: 0.5, minimumRequests: 4, within: 10_000 }))
    breaker.apply("a", { runs: runs(0, 3) }, 1_000)
    expect(breaker.apply("b", { runs: runs(20, 2), previousAge: 900 }, 1_100).verdict.state).toBe("closed")
  })
})

describe("durableObjectStore() of an isolate among many", () => {
  let objects: FakeObjects
  const down = (): Promise<never> => Promise.reject(new Error("down"))
  const place = (settings: BreakerObjectSettings): void => {
    objects = new FakeObjects(breakerObject(settings))
  }
  const isolate = (settings = {}): CircuitBreaker =>
    new CircuitBreaker({ name: "api", timeout: 10_000, store: durableObjectStore(objects), ...settings })
  async function call(breaker: CircuitBreaker, request: () => Promise<unknown>): Promise<void> {
    await breaker.execute(request).catch(() => {})
    await vi.advanceTimersByTimeAsync(1)
  }
  const reports = (): any[] => objects.received.map((body) => JSON.parse(body).report)

  test("asks once more for a lease if the object was moved meanwhile", async () => {
    place({ ...consecutiveFailures(1), timeout: 10_000 })
    const [one, other] = [isolate(), isolate()]
    await call(one, down)
    await call(other, down)
    await vi.advanceTimersByTimeAsync(10_001)
    const probe = new Promise(() => {})
    void one.execute(() => probe as Promise<never>)
    await vi.advanceTimersByTimeAsync(1)
    const { handle } = objects
    objects.handle = async (...args) => {
      objects.handle = handle
      void args
      throw new Error("moved")
    }
    const request = vi.fn(async () => {})
    await call(other, request)
    expect(request).not.toHaveBeenCalled()
  })

  test("reports the outcome of a half-open call that was made without a lease", async () => {
    place({ ...consecutiveFailures(2), timeout: 10_000 })
    const breaker = isolate(consecutiveFailures(1))
    await call(breaker, down)
    await vi.advanceTimersByTimeAsync(10_001)
    // The record is still closed, so it grants no lease.
    await call(breaker, down)
    expect(reports().at(-1)).toMatchObject({ runs: runs(0, 1) })
    const other = isolate()
    await call(other, down)
    expect(other.state).toBe("open")
  })

  test("reports its next success at once after several failures of the fleet in a row", async () => {
    place(consecutiveFailures(8))
    const breaker = isolate(consecutiveFailures(100))
    await call(breaker, down)
    await call(breaker, async () => {})
    // After a single failure, a success is not urgent.
    expect(reports()).toHaveLength(1)
    for (let i = 0; i < 3; i++) await call(breaker, down)
    await call(breaker, async () => {})
    expect(reports().at(-1)).toMatchObject({ runs: runs(1) })
  })
})
