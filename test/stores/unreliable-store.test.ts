/** A failure of the store has no lasting effect on the breakers that share it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import {
  applyReport,
  CircuitBreaker,
  consecutiveFailures,
  createStore,
  OpenStateError,
  type Outcome,
  type Policy,
  type Report,
  type Settings,
  type SharedRecord,
  type Verdict,
} from "../../src/index.ts"
import { fail, pending, succeed } from "../breaker/calls.ts"
import { failuresAgo, runs } from "./runs.ts"

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe("A store that fails once, or answers late", () => {
  /** A storage that keeps a record, and fails or answers late if the test asks for it. */
  function place() {
    let record: unknown
    const place = {
      fails: (_report: Report): boolean => false,
      /** Whether the report is applied, but its answer is lost. */
      loses: (_report: Report): boolean => false,
      delay: 0,
      reports: [] as Report[],
      client: (settings?: Settings) =>
        new CircuitBreaker({ ...consecutiveFailures(3), timeout: 60_000, ...settings, store: createStore({ exchange }) }),
      state: (): string => (record as SharedRecord).snapshot.state,
    }
    async function exchange(_name: string, policy: Policy, report: Report): Promise<Verdict> {
      place.reports.push(report)
      if (place.fails(report)) throw new Error("once")
      const applied = applyReport(record, policy, report, Date.now())
      record = applied.record
      if (place.loses(report)) throw new DOMException("late", "TimeoutError")
      if (place.delay) await new Promise((resolve) => setTimeout(resolve, place.delay))
      return applied.verdict
    }
    return place
  }
  const failures = async (breaker: CircuitBreaker, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await fail(breaker)
    await vi.advanceTimersByTimeAsync(1)
  }
  /** Makes a successful call each second, and returns how many of them are rejected. */
  async function rejected(breaker: CircuitBreaker, calls: number): Promise<number> {
    let count = 0
    for (let i = 0; i < calls; i++) {
      breaker.execute(async () => {}).catch(() => count++)
      await vi.advanceTimersByTimeAsync(1_000)
    }
    return count
  }

  test("an outage that is over is not reported", async () => {
    const shared = place()
    shared.fails = () => true
    const breaker = shared.client()
    await failures(breaker, 3)
    await vi.advanceTimersByTimeAsync(60_001)
    await succeed(breaker)
    shared.fails = () => false
    await failures(breaker, 1)
    await failures(shared.client(), 1)
    expect([breaker.state, shared.state()]).toEqual(["closed", "closed"])
  })

  test("what has opened a breaker is reported again at once, since an open breaker makes no calls", async () => {
    const shared = place()
    let failed = 0
    shared.fails = () => failed++ === 0
    const breaker = shared.client()
    await Promise.all([fail(breaker), fail(breaker), fail(breaker)])
    await vi.advanceTimersByTimeAsync(1)
    expect([breaker.state, shared.state()]).toEqual(["open", "open"])
    failed = 0
    shared.fails = () => (failed++, true)
    const other = shared.client({ name: "other" })
    await failures(other, 3)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(failed).toBeLessThan(6)
  })

  test("failures from before the record has closed do not count after it", async () => {
    const shared = place()
    const rule = { ...consecutiveFailures(8), timeout: 1_000 }
    const late = shared.client(rule)
    shared.fails = () => true
    await failures(late, 7)
    shared.fails = () => false
    const other = shared.client(rule)
    await failures(other, 8)
    expect(shared.state()).toBe("open")
    await vi.advanceTimersByTimeAsync(1_001)
    await succeed(other)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(shared.state()).toBe("closed")
    await failures(late, 1)
    expect(shared.state()).toBe("closed")
  })

  test.each([NaN, -1, "soon"])("a wait of %s that allow() was told does not make a report invalid", async (retryAfter) => {
    const shared = place()
    const breaker = shared.client(consecutiveFailures(9))
    breaker.allow()("failure", { retryAfter: retryAfter as number })
    await vi.advanceTimersByTimeAsync(1)
    expect(shared.reports).toEqual([{ runs: runs(0, 1) }])
  })

  test("leases whose end the store refuses to hear of do not pile up", async () => {
    const shared = place()
    shared.fails = ({ settle }) => settle !== undefined
    const breaker = shared.client({ timeout: 1_000 })
    breaker.trip()
    for (let i = 0; i < 100; i++) {
      await vi.advanceTimersByTimeAsync(2_001)
      await failures(breaker, 1)
    }
    const before = shared.reports.length
    await vi.advanceTimersByTimeAsync(2_001)
    await failures(breaker, 1)
    expect(shared.reports.length - before).toBeLessThan(30)
  })

  test.each([
    ["a report that was never answered", true],
    ["a report of failures", false],
  ])("a clock that is set back after %s does not hold up the next", async (_, hangs) => {
    const shared = place()
    if (hangs) shared.delay = 1e9
    const breaker = shared.client(consecutiveFailures(1_000))
    await failures(breaker, 2)
    shared.delay = 0
    vi.setSystemTime(Date.now() - 3_600_000)
    const before = shared.reports.length
    if (hangs) await failures(breaker, 1)
    else await succeed(breaker)
    await vi.advanceTimersByTimeAsync(1)
    expect(shared.reports.length).toBeGreaterThan(before)
  })

  test("failures of an hour ago are not reported", async () => {
    const shared = place()
    shared.fails = () => true
    const breaker = shared.client(consecutiveFailures(10))
    await failures(breaker, 3)
    shared.fails = () => false
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(await rejected(breaker, 10)).toBe(0)
    expect(shared.reports.flatMap(({ runs = [] }) => runs).at(-1)).toMatchObject({ outcome: "success" })
    expect(shared.state()).toBe("closed")
  })

  test.each([undefined, 0])("the outcome of a lease is reported again, with a probeTimeout of %s", async (probeTimeout) => {
    const shared = place()
    const breaker = shared.client({ probeTimeout })
    await failures(breaker, 3)
    await vi.advanceTimersByTimeAsync(60_001)
    shared.fails = (report) => report.settle !== undefined
    await succeed(breaker)
    await vi.advanceTimersByTimeAsync(1)
    shared.fails = () => false
    expect(await rejected(breaker, 10)).toBe(0)
    expect(shared.state()).toBe("closed")
  })

  test.each([
    ["at once", (breaker: CircuitBreaker) => Promise.all([1, 2, 3].map(() => succeed(breaker)))],
    ["one after the other", (breaker: CircuitBreaker) => succeed(breaker, 3)],
  ])("the outcomes of several leases are all reported again: calls %s", async (_, calls) => {
    const shared = place()
    const breaker = shared.client({ maxRequests: 3 })
    await failures(breaker, 3)
    await vi.advanceTimersByTimeAsync(60_001)
    shared.fails = (report) => report.settle !== undefined
    await calls(breaker)
    shared.fails = () => false
    expect(await rejected(breaker, 10)).toBe(0)
    expect(shared.state()).toBe("closed")
  })

  test("reset() is reported again, and so is trip() unless its period is over", async () => {
    const shared = place()
    const breaker = shared.client()
    const other = shared.client()
    await failures(breaker, 3)
    shared.fails = ({ force }) => force !== undefined
    breaker.reset()
    await vi.advanceTimersByTimeAsync(1)
    shared.fails = () => false
    expect(await rejected(breaker, 5)).toBe(0)
    expect(shared.state()).toBe("closed")
    shared.fails = ({ force }) => force !== undefined
    breaker.trip()
    await vi.advanceTimersByTimeAsync(60_001)
    shared.fails = () => false
    expect(await rejected(breaker, 5)).toBe(0)
    expect(await rejected(other, 5)).toBe(0)
  })

  test("trip() is not reported after its period, even if the half-open call fails", async () => {
    const shared = place()
    const [breaker, other] = [shared.client(), shared.client()]
    await succeed(other)
    shared.fails = () => true
    breaker.trip()
    await vi.advanceTimersByTimeAsync(60_001)
    shared.fails = () => false
    await failures(breaker, 1)
    expect(shared.state()).toBe("closed")
    expect(await rejected(other, 5)).toBe(0)
  })

  test("trip() is not reported after a later reset()", async () => {
    const shared = place()
    const breaker = shared.client()
    shared.fails = () => true
    breaker.trip()
    await vi.advanceTimersByTimeAsync(1)
    shared.fails = () => false
    breaker.reset()
    expect(await rejected(breaker, 5)).toBe(0)
    expect(shared.state()).toBe("closed")
  })

  test("reset() is not undone by the answer to an earlier report", async () => {
    const shared = place()
    const breaker = shared.client()
    await failures(breaker, 2)
    shared.delay = 100
    await failures(breaker, 1)
    breaker.reset()
    const changed = vi.fn()
    breaker.addEventListener("statechange", changed)
    await vi.advanceTimersByTimeAsync(150)
    expect([breaker.state, shared.state()]).toEqual(["closed", "closed"])
    expect(changed).not.toHaveBeenCalled()
  })

  test("trip() is not reported again if its report fails after its period", async () => {
    const reports: Report[] = []
    const store = createStore({
      exchange(_name, _policy, report) {
        reports.push(report)
        if (!report.force) return { state: "closed", retryAfter: 0, opens: 0 }
        return new Promise((_, reject) => setTimeout(() => reject(new Error("once")), 2_000))
      },
    })
    const breaker = new CircuitBreaker({ timeout: 1_000, store })
    breaker.trip()
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await rejected(breaker, 5)).toBe(0)
    expect(reports.filter(({ force }) => force)).toHaveLength(1)
  })

  test("reset() is not reported again if it may have arrived: others may have opened the breaker since", async () => {
    const shared = place()
    const [breaker, other] = [shared.client(), shared.client()]
    await failures(breaker, 3)
    shared.loses = ({ force }) => force !== undefined
    breaker.reset()
    await failures(other, 3)
    await rejected(breaker, 5)
    expect([breaker.state, shared.state()]).toEqual(["open", "open"])
  })

  test("successes are reported again, and the first question is asked again", async () => {
    const shared = place()
    const breaker = shared.client()
    await failures(breaker, 2)
    shared.fails = () => true
    await succeed(breaker)
    await vi.advanceTimersByTimeAsync(1)
    shared.fails = () => false
    expect(await rejected(breaker, 5)).toBe(0)
    await failures(shared.client(), 1)
    expect(shared.state()).toBe("closed")
  })

  test("a report with an invalid answer counts as delivered", async () => {
    const reports: Report[] = []
    const strange = createStore({ exchange: (_name, _policy, report) => (reports.push(report), { version: 2 }) as never })
    await failures(new CircuitBreaker({ ...consecutiveFailures(9), store: strange }), 5)
    expect(reports.flatMap(({ runs = [] }) => runs)).toEqual(Array(5).fill(runs(0, 1)[0]))
  })

  test("a report that fails with what cannot be looked at goes with the next one", async () => {
    const shared = place()
    let veiled = true
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    shared.fails = () => {
      if (veiled) throw proxy
      return false
    }
    const breaker = shared.client(consecutiveFailures(9))
    await failures(breaker, 1)
    veiled = false
    await failures(breaker, 1)
    expect(shared.reports.at(-1)?.runs).toEqual([failuresAgo(1, 2)])
  })

  test("a report without an answer is an error of the store", async () => {
    const errors: unknown[] = []
    const store = createStore({ exchange: () => new Promise(() => {}) })
    const breaker = new CircuitBreaker({ ...consecutiveFailures(9), store })
    breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
    await failures(breaker, 1)
    await vi.advanceTimersByTimeAsync(1_000)
    await failures(breaker, 1)
    expect(errors).toEqual([new Error("The store did not answer a report")])
  })

  test("a half-open call that gets no answer in time is an error of the store", async () => {
    const errors: unknown[] = []
    const store = createStore({ deadline: 100, exchange: () => new Promise(() => {}) })
    const breaker = new CircuitBreaker({ ...consecutiveFailures(1), timeout: 50, store })
    breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
    await failures(breaker, 1)
    await vi.advanceTimersByTimeAsync(50)
    await Promise.all([succeed(breaker), vi.advanceTimersByTimeAsync(100)])
    expect(errors).toEqual([new Error("The store did not answer within 100 ms")])
  })

  test("failures that waited for so long that they are old are not reported", async () => {
    const reports: Report[] = []
    const store = createStore({
      deadline: 60_000,
      watch() {},
      exchange(_name, _policy, report) {
        reports.push(report)
        return new Promise((answer) => setTimeout(answer, 61_000, { state: "closed", retryAfter: 0, opens: 0 }))
      },
    })
    const breaker = new CircuitBreaker({ ...consecutiveFailures(9), store })
    await failures(breaker, 2)
    await vi.advanceTimersByTimeAsync(122_000)
    await failures(breaker, 1)
    expect(reports.map((report) => report.runs)).toEqual([runs(0, 1), runs(), runs(0, 1)])
  })

  describe("a storage that answers after the deadline", () => {
    test("lets the record close, and the breaker stay closed", async () => {
      const shared = place()
      const breaker = shared.client({ timeout: 30_000 })
      shared.delay = 400
      await failures(breaker, 3)
      await vi.advanceTimersByTimeAsync(31_000)
      expect(await rejected(breaker, 60)).toBe(0)
      expect([breaker.state, shared.state()]).toEqual(["closed", "closed"])
    })

    test("gets back the lease of a call that was aborted before it had one", async () => {
      const shared = place()
      const breaker = shared.client({ timeout: 30_000 })
      await failures(breaker, 3)
      await vi.advanceTimersByTimeAsync(31_000)
      shared.delay = 400
      const controller = new AbortController()
      const aborted = breaker.execute(async () => {}, { signal: controller.signal }).catch(() => {})
      controller.abort()
      await vi.advanceTimersByTimeAsync(1_000)
      await aborted
      shared.delay = 0
      expect(shared.reports.at(-1)).toEqual({ settle: { lease: expect.any(String), outcome: "excluded" } })
      expect(await rejected(shared.client({ timeout: 30_000 }), 5)).toBe(0)
      expect(shared.state()).toBe("closed")
    })
  })

  test("a half-open call is not given up while it waits for a storage that never answers", async () => {
    const breaker = new CircuitBreaker({
      ...consecutiveFailures(3),
      timeout: 1_000,
      probeTimeout: 100,
      store: createStore({ exchange: () => new Promise(() => {}) }),
    })
    await failures(breaker, 3)
    for (let i = 0; i < 100; i++) {
      breaker.execute(async () => {}).catch(() => {})
      await vi.advanceTimersByTimeAsync(20)
    }
    expect(breaker.state).toBe("closed")
  })

  test("the outcome of a lease is reported before the next lease is requested", async () => {
    const shared = place()
    const breaker = shared.client()
    await failures(breaker, 3)
    await vi.advanceTimersByTimeAsync(60_001)
    let failed = 0
    shared.fails = (report) => report.settle !== undefined && failed++ < 2
    await succeed(breaker)
    await vi.advanceTimersByTimeAsync(1)
    expect(await rejected(breaker, 10)).toBe(1)
    expect(shared.state()).toBe("closed")
    expect(shared.reports.filter(({ settle }) => settle)).toHaveLength(3)
  })

  test("a late result of the closed state is not reported", async () => {
    const shared = place()
    const breaker = shared.client()
    await succeed(breaker)
    const late = pending()
    const call = breaker.execute(() => late.promise)
    breaker.reset()
    late.reject("late")
    await expect(call).rejects.toBe("late")
    await vi.advanceTimersByTimeAsync(1)
    expect(shared.reports).toMatchObject([{ runs: runs(1) }, { force: "closed" }])
  })

  test("a late result changes nothing for other breakers either", async () => {
    const shared = place()
    const breaker = shared.client(consecutiveFailures(1))
    await failures(breaker, 1)
    await vi.advanceTimersByTimeAsync(60_001)
    shared.fails = () => true
    const late = pending()
    const call = breaker.execute(() => late.promise)
    await vi.advanceTimersByTimeAsync(1)
    shared.fails = () => false
    breaker.reset()
    late.reject("late")
    await expect(call).rejects.toBe("late")
    await vi.advanceTimersByTimeAsync(1)
    expect([breaker.state, shared.state()]).toEqual(["closed", "closed"])
  })

  test("an opening after a successful half-open call is not undone by the answer about that call", async () => {
    const shared = place()
    const breaker = shared.client()
    await failures(breaker, 3)
    await vi.advanceTimersByTimeAsync(60_001)
    shared.delay = 100
    const probe = succeed(breaker)
    await vi.advanceTimersByTimeAsync(101)
    await probe
    for (let i = 0; i < 3; i++) await fail(breaker)
    expect(breaker.state).toBe("open")
    await vi.advanceTimersByTimeAsync(150)
    expect(breaker.state).toBe("open")
    await vi.advanceTimersByTimeAsync(150)
    expect([breaker.state, shared.state()]).toEqual(["open", "open"])
  })

  test("an opening by slow successes is reported even if a report is under way", async () => {
    const shared = place()
    const breaker = shared.client({ readyToTrip: ({ totalSlow }) => totalSlow > 1, slowCallDuration: 10 })
    shared.delay = 100
    await fail(breaker)
    for (let i = 0; i < 2; i++) {
      const slow = breaker.execute(() => new Promise((resolve) => setTimeout(resolve, 20)))
      await vi.advanceTimersByTimeAsync(20)
      await slow
    }
    expect([breaker.state, shared.state()]).toEqual(["open", "closed"])
    await vi.advanceTimersByTimeAsync(200)
    expect(shared.state()).toBe("open")
  })

  test("a report that fails long after it was given up puts no other report back", async () => {
    const reports: Report[] = []
    const store = createStore({
      exchange(_name, _policy, report) {
        reports.push(report)
        const wait = reports.length === 1 ? 2_000 : 5_000
        return new Promise((_, reject) => setTimeout(() => reject(new Error("gone")), wait))
      },
    })
    const breaker = new CircuitBreaker({ ...consecutiveFailures(9), store })
    for (const wait of [1_500, 600, 1_000]) {
      await fail(breaker)
      await vi.advanceTimersByTimeAsync(wait)
    }
    await fail(breaker)
    expect(reports.map((report) => report.runs)).toEqual([runs(0, 1), runs(0, 1), [failuresAgo(1_000, 2)]])
  })

  test("an open period of any length is shared", async () => {
    const shared = place()
    const [one, other] = [shared.client({ timeout: 1e16 }), shared.client({ timeout: 1e16 })]
    await failures(one, 3)
    await failures(other, 1)
    expect(other.state).toBe("open")
  })

  describe("a call that waits for its lease", () => {
    const made = vi.fn()
    let breaker: CircuitBreaker

    beforeEach(async () => {
      made.mockClear()
      const shared = place()
      breaker = shared.client()
      await failures(breaker, 3)
      await vi.advanceTimersByTimeAsync(60_001)
      shared.delay = 200
    })

    test("is not made if it is aborted, and ends at once, which is no failure of the store", async () => {
      const storeError = vi.fn()
      breaker.addEventListener("storeerror", storeError)
      const controller = new AbortController()
      const call = breaker.execute(made, { signal: controller.signal })
      controller.abort("enough")
      await expect(call).rejects.toBe("enough")
      await vi.advanceTimersByTimeAsync(500)
      expect(made).not.toHaveBeenCalled()
      expect(vi.getTimerCount()).toBe(0)
      expect(storeError).not.toHaveBeenCalled()
    })

    // After so many microtasks: also between the answer of the store and the call.
    test.each(Array.from({ length: 16 }, (_, i) => i))("is never made with a signal that is aborted, after %i microtasks", async (ticks) => {
      const shared = place()
      breaker = shared.client()
      await failures(breaker, 3)
      await vi.advanceTimersByTimeAsync(60_001)
      const controller = new AbortController()
      let wasAborted = false
      const call = breaker.execute(
        (signal) => {
          wasAborted = signal!.aborted
          return pending().promise
        },
        { signal: controller.signal },
      )
      call.catch(() => {})
      for (let i = 0; i < ticks; i++) await null
      controller.abort("enough")
      await expect(call).rejects.toBe("enough")
      expect(wasAborted).toBe(false)
      await vi.advanceTimersByTimeAsync(1)
      await succeed(breaker)
      expect(breaker.state).toBe("closed")
    })

    test.each(["isolate", "trip"] as const)("is not made after %s()", async (method) => {
      const call = breaker.execute(made)
      breaker[method]()
      await Promise.all([expect(call).rejects.toThrow(OpenStateError), vi.advanceTimersByTimeAsync(250)])
      expect(made).not.toHaveBeenCalled()
    })

    test("is a call in the closed state after reset()", async () => {
      const call = breaker.execute(made)
      breaker.reset()
      await Promise.all([call, vi.advanceTimersByTimeAsync(250)])
      expect([breaker.state, breaker.counts.totalSuccesses]).toEqual(["closed", 1])
    })
  })

  test("allow() closes the record too", async () => {
    const shared = place()
    const breaker = shared.client({ timeout: 10_000 })
    const settle = async (outcome: Outcome): Promise<void> => {
      breaker.allow()(outcome)
      await vi.advanceTimersByTimeAsync(1)
    }
    for (let i = 0; i < 3; i++) await settle("failure")
    await vi.advanceTimersByTimeAsync(10_001)
    await settle("success")
    await settle("failure")
    expect([breaker.state, shared.state()]).toEqual(["closed", "closed"])
  })
})
