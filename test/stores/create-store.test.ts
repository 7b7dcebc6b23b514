import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, createStore, type Report, type SharedStorage, type Verdict } from "../../src/index.ts"
import { patience } from "../../src/stores/link.ts"
import { fail, succeed } from "../breaker/calls.ts"
import { runs } from "./runs.ts"

const closed: Verdict = { state: "closed", retryAfter: 0, opens: 0 }
const open: Verdict = { state: "open", retryAfter: 1_000, opens: 1, openFor: 1_000 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"] })
})
afterEach(() => {
  vi.useRealTimers()
})

function make(storage: SharedStorage): { breaker: CircuitBreaker; errors: unknown[] } {
  const errors: unknown[] = []
  const breaker = new CircuitBreaker({ ...consecutiveFailures(1), timeout: 1_000, store: createStore(storage) })
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
    expect(errors).toEqual([expect.any(TypeError)])
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

  test("waits for a report for four deadlines, within the limit of timers", () => {
    expect([patience(250), patience(2 ** 31 - 1)]).toEqual([1_000, 2 ** 31 - 1])
  })

  const exchange = (): Verdict => closed
  const wrong: [string, unknown, Error][] = [
    ["no storage", undefined, new TypeError("exchange must be a function: got undefined")],
    ["a storage without an exchange", {}, new TypeError("exchange must be a function: got undefined")],
    ["an invalid watch", { exchange, watch: true }, new TypeError("watch must be a function: got true")],
    ["a deadline that no timer can hold", { exchange, deadline: 2 ** 31 }, new RangeError("deadline must be a number from 0 to 2147483647: got 2147483648")],
    ["an interval of text", { exchange, successInterval: "1" }, new TypeError('successInterval must be a number from 0: got "1"')],
  ]
  test.each(wrong)("refuses %s at once", (_, storage, error) => {
    expect(() => createStore(storage as SharedStorage)).toThrow(error)
  })

  describe("reports to the storage", () => {
    const told = (answer: (report: Report) => Verdict = () => closed, more: Partial<SharedStorage> = {}): { breaker: CircuitBreaker; reports: Report[] } => {
      const reports: Report[] = []
      const { breaker } = make({ ...more, exchange: (_name, _policy, report) => (reports.push(report), answer(report)) })
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
      expect(reports.map((report) => report.opened)).toEqual([undefined, opened, undefined, opened])
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
      await succeed(breaker)
      tell(busy)
      await vi.advanceTimersByTimeAsync(99)
      await succeed(breaker)
      expect(reports).toEqual([])
      await vi.advanceTimersByTimeAsync(1)
      await succeed(breaker)
      expect(reports).toEqual([{ runs: runs(3) }])
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
})
