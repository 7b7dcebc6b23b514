import { AsyncLocalStorage } from "node:async_hooks"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, createStore, OpenStateError, type Report, type Settings, type SharedStorage, type Verdict } from "../../src/index.ts"
import { callsOf } from "../../src/core/shared.ts"
import { patience } from "../../src/stores/shared-storage.ts"
import { fail, pending, rejection, succeed } from "../breaker/calls.ts"
import { unhandledRejections } from "../breaker/unhandled-rejections.ts"
import { failuresAgo, runs } from "./runs.ts"

const closed: Verdict = { state: "closed", retryAfter: 0, opens: 0 }
const open: Verdict = { state: "open", retryAfter: 1_000, opens: 1, openFor: 1_000 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] })
})
afterEach(() => {
  vi.useRealTimers()
})

function make(storage: SharedStorage, settings: Settings = {}): { breaker: CircuitBreaker; errors: unknown[] } {
  const errors: unknown[] = []
  const breaker = new CircuitBreaker({ ...consecutiveFailures(1), timeout: 1_000, ...settings, store: createStore(storage) })
  breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
  return { breaker, errors }
}

const garbage: [string, unknown][] = [
  ["nothing", undefined],
  ["null", null],
  ["a text", "open"],
  ["an empty object", {}],
  ["an unknown state", { ...open, state: "ajar" }],
  ["no time", { ...open, retryAfter: undefined }],
  ["NaN left", { ...open, retryAfter: NaN }],
  ["for ever left", { ...open, retryAfter: Infinity }],
  ["less than nothing left", { ...open, retryAfter: -1 }],
  ["a time that is a text", { ...open, retryAfter: "1000" }],
  ["a period of NaN", { ...open, openFor: NaN }],
  ["NaN openings", { ...open, opens: NaN }],
  ["a streak that is none", { ...closed, streak: "long" }],
  ["a lease that is none", { ...closed, lease: 5 }],
  ["a slow start without an end", { ...closed, slowStart: { elapsed: 0, length: NaN } }],
  ["an invalid slow start", { ...closed, slowStart: "slowly" }],
]

describe("createStore()", () => {
  test("reports a lasting failure again until a listener has received it", async () => {
    const store = createStore({
      exchange() {
        throw new Error("down")
      },
    })
    const breaker = new CircuitBreaker({ ...consecutiveFailures(9), store })
    await fail(breaker)
    await vi.advanceTimersByTimeAsync(1)
    const errors: unknown[] = []
    breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
    for (let i = 0; i < 3; i++) {
      await fail(breaker)
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(errors).toEqual([new Error("down")])
  })

  test("does not take onStateChange for a listener of its errors", async () => {
    const store = createStore({
      exchange() {
        throw new Error("down")
      },
    })
    const breaker = new CircuitBreaker({ ...consecutiveFailures(9), onStateChange() {}, store })
    await fail(breaker)
    await vi.advanceTimersByTimeAsync(1)
    const errors: unknown[] = []
    breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
    await fail(breaker)
    await vi.advanceTimersByTimeAsync(1)
    expect(errors).toEqual([new Error("down")])
  })

  test.each(garbage)("treats %s as a failure of the store, and the breaker goes on by itself #64", async (_, answer) => {
    const { breaker, errors } = make({ exchange: () => answer as Verdict })
    await succeed(breaker)
    await fail(breaker)
    await vi.advanceTimersByTimeAsync(0)
    expect(breaker.retryAfter).toBe(1_000)
    expect(errors).toEqual([new TypeError(`The store answered ${JSON.stringify(answer)}`)])
    await vi.advanceTimersByTimeAsync(1_001)
    await succeed(breaker)
    expect(breaker.state).toBe("closed")
  })

  test.each(garbage)("reports %s from watch() as an error, and goes on #64", async (_, told) => {
    let tell!: (verdict: Verdict) => void
    const { breaker, errors } = make({
      exchange: () => closed,
      watch(_name, _policy, changed) {
        tell = changed
      },
    })
    tell(told as Verdict)
    await vi.advanceTimersByTimeAsync(0)
    expect(errors).toEqual([expect.any(TypeError)])
    await succeed(breaker)
    tell(open)
    expect(breaker.retryAfter).toBe(1_000)
  })

  test.each([
    ["throws", () => { throw new Error("no feed") }],
    ["rejects, as an async one may", async () => Promise.reject(new Error("no feed"))],
  ])("announces that watch() %s, and goes on", async (_, watch) => {
    const errors: unknown[] = []
    const unhandled = await unhandledRejections(async () => {
      const subject = make({ exchange: () => closed, watch })
      await Promise.resolve()
      await succeed(subject.breaker)
      errors.push(...subject.errors)
    })
    expect([errors, unhandled]).toEqual([[new Error("no feed")], []])
  })

  test("accepts a verdict whose optional parts are undefined, from exchange() and from watch()", async () => {
    const absent: Partial<Verdict> = { openFor: undefined, streak: undefined, lease: undefined, slowStart: undefined }
    let tell!: (verdict: Verdict) => void
    const { breaker, errors } = make({
      exchange: () => ({ ...open, ...absent }),
      watch(_name, _policy, changed) {
        tell = changed
      },
    })
    await fail(breaker)
    await vi.advanceTimersByTimeAsync(500)
    expect([breaker.retryAfter, errors]).toEqual([500, []])
    tell({ ...open, ...absent })
    await vi.advanceTimersByTimeAsync(0)
    expect([breaker.retryAfter, errors]).toEqual([1_000, []])
  })

  test("waits for the answer also with a deadline of a fraction", async () => {
    let reports = 0
    const { breaker, errors } = make({ deadline: 500 / 3, exchange: () => ((reports += 1), new Promise(() => {})) }, consecutiveFailures(9))
    await Promise.all([fail(breaker), fail(breaker), fail(breaker)])
    expect([reports, errors]).toEqual([1, []])
  })

  test("waits for a report for four deadlines, within the limit of timers", () => {
    expect([patience(250), patience(2 ** 31 - 1)]).toEqual([1_000, 2 ** 31 - 1])
  })

  const exchange = (): Verdict => closed
  const wrong: [string, unknown, Error][] = [
    ["no storage", undefined, new TypeError("exchange must be a function: got undefined")],
    ["a storage without an exchange", {}, new TypeError("exchange must be a function: got undefined")],
    ["an invalid watch", { exchange, watch: true }, new TypeError("watch must be a function: got true")],
    ["a deadline that no timer can hold", { exchange, deadline: 2 ** 31 }, new RangeError("deadline must be a number from 1 to 2147483647: got 2147483648")],
    ["a deadline that leaves no time", { exchange, deadline: 0 }, new RangeError("deadline must be a number from 1 to 2147483647: got 0")],
    ["an interval of text", { exchange, successInterval: "1" }, new TypeError('successInterval must be a number from 0: got "1"')],
  ]
  test.each(wrong)("refuses %s at once", (_, storage, error) => {
    expect(() => createStore(storage as SharedStorage)).toThrow(error)
  })

  describe("reports to the storage", () => {
    const told = (
      answer: (report: Report) => Verdict = () => closed,
      more: Partial<SharedStorage> = {},
      settings: Settings = {},
    ): { breaker: CircuitBreaker; reports: Report[] } => {
      const reports: Report[] = []
      const { breaker } = make({ ...more, exchange: (_name, _policy, report) => (reports.push(report), answer(report)) }, settings)
      return { breaker, reports }
    }
    const busy = { state: "closed", retryAfter: 0, opens: 0, streak: 1 } as const

    test("the first call, and no further successes", async () => {
      const { breaker, reports } = told()
      await succeed(breaker)
      await succeed(breaker)
      expect(reports).toEqual([{ runs: runs(1) }])
    })

    test("nothing before a failure, if the storage has watch()", async () => {
      const { breaker, reports } = told(() => closed, { watch() {} })
      await succeed(breaker)
      expect(reports).toEqual([])
      await fail(breaker)
      expect(reports).toMatchObject([{ runs: runs(1, 1) }])
    })

    test("the counts by which it opened, until the storage has received them", async () => {
      let down = true
      const { breaker, reports } = told(() => {
        if (down) throw new Error("down")
        return closed
      })
      const opened = { ...breaker.counts, requests: 2, totalSuccesses: 1, totalFailures: 1, consecutiveFailures: 1 }
      await succeed(breaker)
      await fail(breaker)
      down = false
      await vi.advanceTimersByTimeAsync(1_001)
      await fail(breaker)
      expect(reports.map((report) => report.opened)).toEqual([undefined, opened, opened, undefined, opened])
      await vi.advanceTimersByTimeAsync(1_001)
      await fail(breaker)
      expect(reports.at(-1)).toEqual({ runs: runs(0, 1) })
    })

    test("nothing about an open period that is over", async () => {
      let down = true
      const { breaker, reports } = told(() => {
        if (down) throw new Error("down")
        return closed
      })
      await fail(breaker)
      down = false
      await vi.advanceTimersByTimeAsync(1_001)
      await succeed(breaker)
      expect(reports.at(-1)).toEqual({ runs: runs(1) })
    })

    test("nothing about such a period even before it has closed again", async () => {
      let down = true
      const answer = (): Verdict => {
        if (down) throw new Error("down")
        return closed
      }
      const { breaker, reports } = told(answer, {}, { maxRequests: 2 })
      await fail(breaker)
      down = false
      await vi.advanceTimersByTimeAsync(1_001)
      await succeed(breaker)
      expect([breaker.state, reports.at(-1)]).toEqual(["half-open", { runs: [failuresAgo(1_001, 1), ...runs(1)] }])
    })

    test("no excluded calls", async () => {
      const { breaker, reports } = told()
      breaker.allow()("excluded")
      expect(reports).toEqual([])
      await fail(breaker)
      expect(reports).toMatchObject([{ runs: runs(0, 1) }])
    })

    test("no half-open call of allow() that is excluded, or ends after reset()", async () => {
      const { breaker, reports } = told(() => closed, { watch() {} })
      await fail(breaker)
      await vi.advanceTimersByTimeAsync(1_001)
      reports.length = 0
      breaker.allow()("excluded")
      const done = breaker.allow()
      breaker.reset()
      done("failure")
      await vi.advanceTimersByTimeAsync(0)
      expect(reports).toEqual([{ force: "closed" }])
    })

    test.each([
      [0, 1_000],
      [10_000, 60_000],
    ])("with a successInterval of %i, the next success %i ms after a report of successes has failed", async (successInterval, wait) => {
      let down = false
      const answer = (): Verdict => {
        if (down) throw new Error("down")
        return closed
      }
      const { breaker, reports } = told(answer, { watch() {}, successInterval }, consecutiveFailures(9))
      await fail(breaker)
      down = true
      await vi.advanceTimersByTimeAsync(successInterval)
      await succeed(breaker)
      await vi.advanceTimersByTimeAsync(wait - 1)
      await succeed(breaker)
      expect(reports).toHaveLength(2)
      await vi.advanceTimersByTimeAsync(1)
      await succeed(breaker)
      expect(reports).toHaveLength(3)
    })

    test("the age of the call before a failure, if the storage gets few reports", async () => {
      const { breaker, reports } = told(() => closed, { watch() {}, successInterval: 1 })
      await succeed(breaker)
      await vi.advanceTimersByTimeAsync(70)
      await fail(breaker)
      expect(reports).toMatchObject([{ runs: runs(1, 1), previousAge: 70 }])
    })

    test("a success after failures of others, once per successInterval", async () => {
      let tell!: (verdict: Verdict) => void
      const { breaker, reports } = told(() => closed, {
        successInterval: 100,
        watch(_name, _policy, changed) {
          tell = changed
        },
      })
      tell(closed)
      await vi.advanceTimersByTimeAsync(100)
      await succeed(breaker)
      tell(busy)
      await vi.advanceTimersByTimeAsync(99)
      await succeed(breaker)
      expect(reports).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      await succeed(breaker)
      expect(reports).toEqual([{ runs: [{ outcome: "success", calls: 1, overtaken: true }, ...runs(2)] }])
    })

    test("calls that fail during a report, with the next report", async () => {
      const answers: (() => void)[] = []
      const reports: Report[] = []
      const { breaker } = make({
        watch() {},
        exchange: (_name, _policy, report) => {
          reports.push(report)
          return new Promise((answer) => answers.push(() => answer(closed)))
        },
      })
      breaker.addEventListener("statechange", () => breaker.reset(), { once: true })
      await fail(breaker)
      await succeed(breaker)
      await fail(breaker)
      const told = (): unknown[] => reports.flatMap((report) => (report.runs ? [report.runs] : []))
      expect(told()).toEqual([runs(0, 1)])
      answers.shift()!()
      answers.shift()!()
      await vi.advanceTimersByTimeAsync(0)
      expect(told()).toEqual([runs(0, 1), runs(1, 1)])
    })

    // In a Worker, a report is a subrequest of the request in which it is started, and is lost with it.
    test.each([
      ["fails", fail],
      ["succeeds", succeed],
    ])("nine times at most for one call, and the rest with the next call that %s", async (_, next) => {
      const request = new AsyncLocalStorage<number>()
      const startedIn: (number | undefined)[] = []
      let told = 0
      const { breaker } = make({
        async exchange(_name, _policy, report) {
          startedIn.push(request.getStore())
          told += callsOf(report.runs ?? [])
          await new Promise((resolve) => setTimeout(resolve, 100))
          return closed
        },
      }, consecutiveFailures(1_000))
      for (let i = 0; i < 90; i++) {
        await request.run(i, () => fail(breaker))
        await vi.advanceTimersByTimeAsync(10)
      }
      await vi.advanceTimersByTimeAsync(1_000)
      expect(startedIn).toEqual(Array(9).fill(0))
      expect(told).toBeLessThan(90)
      await request.run(90, () => next(breaker))
      await vi.advanceTimersByTimeAsync(1_000)
      expect([startedIn.slice(9), told]).toEqual([[90], 91])
    })

    test("the outcome of a lease, and the retryAfter of its call", async () => {
      const reports: Report[] = []
      const store = createStore({
        watch() {},
        exchange: (_name, _policy, report) => {
          reports.push(report)
          return report.acquire ? { state: "half-open", retryAfter: 0, opens: 1, openFor: 1_000, lease: "7" } : open
        },
      })
      const breaker = new CircuitBreaker({ ...consecutiveFailures(1), timeout: 1_000, retryAfterOf: () => 5_000, store })
      await fail(breaker)
      await vi.advanceTimersByTimeAsync(1_001)
      await fail(breaker)
      expect(reports).toMatchObject([
        { runs: runs(0, 1), retryAfter: 5_000 },
        { acquire: true },
        { settle: { lease: "7", outcome: "failure" }, retryAfter: 5_000 },
      ])
    })
  })

  describe("after it gave up a half-open call", () => {
    const halfOpen: Verdict = { state: "half-open", retryAfter: 500, opens: 1, openFor: 1_000 }
    /** A breaker that has just given up a half-open call, and the number of its reports since. */
    async function lapsed(answer: () => Verdict | Promise<Verdict>): Promise<{ breaker: CircuitBreaker; asked: () => number }> {
      const reports: Report[] = []
      let isLapsed = false
      const { breaker } = make({
        exchange(_name, _policy, report) {
          if (report.acquire) return { ...halfOpen, lease: "1" }
          if (!isLapsed) return { ...open, retryAfter: 10_000, openFor: 10_000 }
          reports.push(report)
          return answer()
        },
      }, { timeout: 10_000, probeTimeout: 5_000 })
      await fail(breaker)
      await vi.advanceTimersByTimeAsync(10_001)
      void breaker.execute(() => new Promise(() => {}))
      await vi.advanceTimersByTimeAsync(5_001)
      isLapsed = true
      expect(await rejection(breaker)).toMatchObject({ code: "ERR_OPEN_STATE" })
      await vi.advanceTimersByTimeAsync(0)
      expect(reports).toEqual([{ acquire: false }])
      return { breaker, asked: () => reports.length }
    }
    async function reject(breaker: CircuitBreaker, seconds: number): Promise<void> {
      for (let i = 0; i < 10 * seconds; i++) {
        await rejection(breaker)
        await vi.advanceTimersByTimeAsync(100)
      }
    }

    test("asks once a second whether others have closed, and makes no call before", async () => {
      let answer = halfOpen
      const { breaker, asked } = await lapsed(() => answer)
      await reject(breaker, 9)
      expect(asked()).toBe(9)
      answer = closed
      await rejection(breaker)
      await vi.advanceTimersByTimeAsync(0)
      expect([asked(), breaker.state]).toEqual([10, "closed"])
    })

    test("asks for calls by allow() too", async () => {
      const { breaker, asked } = await lapsed(() => halfOpen)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(() => breaker.allow()).toThrow(OpenStateError)
      expect(asked()).toBe(2)
    })

    test.each<[string, () => Verdict | Promise<Verdict>]>([
      ["the record is open again", () => ({ ...open, retryAfter: 9_000, openFor: 10_000, opens: 2 })],
      ["the store fails", () => Promise.reject(new Error("down"))],
      ["the store does not answer", () => new Promise(() => {})],
    ])("asks no more when %s", async (_, answer) => {
      const { breaker, asked } = await lapsed(answer)
      await reject(breaker, 8)
      expect([asked(), breaker.state]).toEqual([1, "open"])
    })
  })

  describe("takes over", () => {
    const halfOpen: Verdict = { state: "half-open", retryAfter: 0, opens: 1 }
    /** A breaker that is half-open, and the function that tells it what others have brought about. */
    async function halfOpenBreaker(exchange: SharedStorage["exchange"], settings?: Settings): Promise<{ breaker: CircuitBreaker; tell: (verdict: Verdict) => void }> {
      let tell!: (verdict: Verdict) => void
      const { breaker } = make({ exchange, watch: (_name, _policy, changed) => void (tell = changed) }, settings)
      breaker.trip()
      await vi.advanceTimersByTimeAsync(1_001)
      expect(breaker.state).toBe("half-open")
      return { breaker, tell }
    }
    /** A storage whose answers to requests for a lease come when the test calls the functions in `answers`. */
    function answering(): { exchange: SharedStorage["exchange"]; answers: ((answer: Verdict) => void)[] } {
      const answers: ((answer: Verdict) => void)[] = []
      const never = new Promise<never>(() => {})
      return { answers, exchange: (_name, _policy, { acquire }) => (acquire ? new Promise((answer) => answers.push(answer)) : never) }
    }

    test("an opening and a closing by others, at once", () => {
      let tell!: (verdict: Verdict) => void
      const { breaker } = make({ exchange: () => closed, watch: (_name, _policy, changed) => void (tell = changed) })
      tell(open)
      expect(breaker.state).toBe("open")
      tell(closed)
      expect(breaker.state).toBe("closed")
    })

    test("the open period that the record gives to trip()", async () => {
      const { breaker } = make({ exchange: () => ({ ...open, retryAfter: 5_000, openFor: 5_000 }) })
      breaker.trip()
      await vi.advanceTimersByTimeAsync(0)
      expect(breaker.retryAfter).toBe(5_000)
    })

    test.each([
      [1_000, {}],
      [1_000, { retryAfter: 8_000, openFor: 10_000 }],
      [300, { retryAfter: 300, openFor: 10_000 }],
      [500, { openFor: 500 }],
    ])("that others make the half-open calls, and asks for a lease again after %i ms with %j", async (wait, times) => {
      let asked = 0
      const { breaker } = await halfOpenBreaker((_name, _policy, { acquire }) => {
        if (acquire) asked += 1
        return acquire ? { ...halfOpen, ...times } : open
      })
      for (let i = 0; i < 10; i++) expect(await rejection(breaker)).toMatchObject({ retryAfter: wait })
      await vi.advanceTimersByTimeAsync(wait)
      await rejection(breaker)
      expect(asked).toBe(1)
      await vi.advanceTimersByTimeAsync(1)
      await rejection(breaker)
      expect(asked).toBe(2)
    })

    test("a closing that it learns of with a request for a lease, and counts the call", async () => {
      const { breaker, tell } = await halfOpenBreaker(() => closed)
      tell(open)
      await vi.advanceTimersByTimeAsync(1_001)
      await succeed(breaker)
      expect([breaker.state, breaker.counts.totalSuccesses]).toEqual(["closed", 1])
    })

    test("nothing of the half-open calls of others during one of its own", async () => {
      const { breaker, tell } = await halfOpenBreaker((_name, _policy, { acquire }) => (acquire ? { ...halfOpen, lease: "1" } : new Promise(() => {})))
      const { promise, resolve } = pending()
      const call = breaker.execute(() => promise)
      await vi.advanceTimersByTimeAsync(0)
      tell({ ...halfOpen, retryAfter: 500 })
      resolve("up")
      await call
      expect(breaker.state).toBe("closed")
    })

    test("no shorter open period than that after its own failure, from an answer to an earlier request", async () => {
      const { exchange, answers } = answering()
      const { breaker } = await halfOpenBreaker(exchange, { maxRequests: 2 })
      const failed = fail(breaker)
      const refused = rejection(breaker)
      answers[0]!({ ...halfOpen, lease: "1" })
      await failed
      answers[1]!({ ...halfOpen, retryAfter: 100 })
      expect(await refused).toMatchObject({ code: "ERR_OPEN_STATE", retryAfter: 1_000 })
    })

    test("an opening by the answer to another call, and makes no call that has no answer by then", async () => {
      const { exchange, answers } = answering()
      const { breaker } = await halfOpenBreaker(exchange, { maxRequests: 2 })
      const refused = [rejection(breaker), rejection(breaker)]
      answers[0]!({ ...open, retryAfter: 1_000 })
      await vi.advanceTimersByTimeAsync(250)
      expect(await Promise.all(refused)).toMatchObject([{ retryAfter: 1_000 }, { retryAfter: 750 }])
    })

    test.each([
      ["half-open", halfOpen],
      ["open", open],
    ])("a record that is %s, and rejects no call in shadow mode", async (_, answer) => {
      const { exchange, answers } = answering()
      const { breaker } = await halfOpenBreaker(exchange, { mode: "shadow", maxRequests: 2 })
      const calls = [1, 2].map(() => breaker.execute(() => "made"))
      // The later request is answered first, so the breaker uses only that answer.
      answers[1]!({ ...halfOpen, lease: "1" })
      await vi.advanceTimersByTimeAsync(0)
      answers[0]!(answer)
      expect(await Promise.all(calls)).toEqual(["made", "made"])
      const call = breaker.execute(() => "made")
      answers[2]!(answer)
      expect(await call).toBe("made")
    })
  })
})
