import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { PendingReport } from "../../src/stores/pending-report.ts"

const START = 1_800_000_000_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Adds a call for each letter: `s` for a success, `f` for a failure. */
function add(pending: PendingReport, calls: string): PendingReport {
  for (const call of calls) pending.add(call === "s" ? "success" : "failure", false, undefined)
  return pending
}

describe("PendingReport", () => {
  const undated = (calls: string): PendingReport => add(new PendingReport(0, false), calls)

  test.each([
    ["", []],
    ["s", [1, 0]],
    ["f", [0, 1]],
    ["sssff", [3, 2]],
    ["ffs", [0, 2, 1, 0]],
    ["sfsfs", [1, 1, 1, 1, 1, 0]],
  ])("counts %j in the order in which they ended", (calls, runs) => {
    expect(undated(calls).take()).toEqual({ runs, slow: 0 })
  })

  test.each([
    ["", false],
    ["ss", false],
    ["sf", true],
    ["f", true],
    ["fs", true],
  ])("knows whether there is a failure in %j", (calls, has) => {
    expect(undated(calls).hasFailure).toBe(has)
  })

  test("is empty once it was taken", () => {
    const pending = undated("sf")
    pending.add("failure", true, 5_000)
    expect(pending.take()).toEqual({ runs: [1, 2], slow: 1, retryAfter: 5_000 })
    expect(pending.take()).toEqual({ runs: [], slow: 0 })
  })

  test("has how many were slow, and what the last failure asked for", () => {
    const pending = new PendingReport(0, false)
    pending.add("success", true, undefined)
    pending.add("success", false, undefined)
    pending.add("failure", true, 5_000)
    expect(pending.take()).toEqual({ runs: [2, 1], slow: 2, retryAfter: 5_000 })
    pending.add("failure", false, 5_000)
    pending.add("failure", false, undefined)
    expect(pending.take()).toEqual({ runs: [0, 2], slow: 0 })
    pending.add("failure", false, 5_000)
    pending.add("success", false, undefined)
    expect(pending.take()).toEqual({ runs: [0, 1, 1, 0], slow: 0, retryAfter: 5_000 })
  })

  test("takes back what did not arrive, before what came meanwhile", () => {
    const pending = new PendingReport(0, false)
    pending.add("failure", true, 5_000)
    const lost = pending.take()
    pending.add("success", true, undefined)
    pending.putBack(lost)
    expect(pending.take()).toEqual({ runs: [0, 1, 1, 0], slow: 2, retryAfter: 5_000 })
    pending.putBack({})
    expect(pending.take()).toEqual({ runs: [], slow: 0 })
  })

  test("joins what it takes back to what came meanwhile", () => {
    const pending = undated("sf")
    pending.putBack(add(pending, "").take())
    expect(add(pending, "f").take().runs).toEqual([1, 2])
    pending.putBack({ runs: [2, 1] })
    const lost = pending.take()
    add(pending, "fsf")
    pending.putBack(lost)
    expect(pending.take().runs).toEqual([2, 2, 1, 1])
    add(pending, "s")
    pending.putBack({ runs: [3, 0] })
    expect(pending.hasFailure).toBe(false)
    expect(pending.take().runs).toEqual([4, 0])
  })

  test("what came meanwhile knows better how long to leave it alone", () => {
    const pending = new PendingReport(0, false)
    pending.add("failure", false, 7_000)
    pending.putBack({ runs: [0, 1], retryAfter: 5_000 })
    expect(pending.take().retryAfter).toBe(7_000)
  })

  test("has a bound, and forgets the oldest first", () => {
    const pending = undated("s".repeat(1_200))
    expect(pending.take().runs).toEqual([1_000, 0])
    for (let i = 0; i < 150; i++) add(pending, "fs")
    const { runs = [] } = pending.take()
    pending.putBack({ runs })
    expect(pending.take().runs).toEqual(runs.slice(-200))
    expect(runs.length).toBeGreaterThan(200)
  })

  test("forgets calls that have left the window of those who count them", () => {
    const pending = new PendingReport(10_000, false)
    add(pending, "sss")
    vi.setSystemTime(START + 10_000)
    expect(add(pending, "f").take().runs).toEqual([3, 1])
    add(pending, "sss")
    vi.setSystemTime(START + 20_001)
    expect(add(pending, "f").take().runs).toEqual([0, 1])
    add(pending, "sss")
    // A clock that was set back: nobody knows how old they are.
    vi.setSystemTime(START)
    expect(add(pending, "f").take().runs).toEqual([0, 1])
  })

  describe("for readers who ask how old the call before the first failure is", () => {
    const after = (pending: PendingReport, milliseconds: number, calls: string): PendingReport => {
      vi.setSystemTime(Date.now() + milliseconds)
      return add(pending, calls)
    }

    test("says so", () => {
      const pending = add(new PendingReport(0, true), "ss")
      after(pending, 300, "f")
      after(pending, 50, "f")
      vi.setSystemTime(Date.now() + 7)
      expect(pending.take()).toEqual({ runs: [2, 2], slow: 0, previousAge: 357 })
    })

    test("though it was reported before", () => {
      const pending = add(new PendingReport(0, true), "f")
      expect(pending.take()).toEqual({ runs: [0, 1], slow: 0 })
      expect(after(pending, 40, "f").take().previousAge).toBe(40)
      expect(after(pending, 30, "sf").take().previousAge).toBe(0)
    })

    test("and not when there is none, or no failure", () => {
      const pending = new PendingReport(0, true)
      expect(add(pending, "s").take()).toEqual({ runs: [1, 0], slow: 0 })
      expect(after(pending, 40, "ss").take()).toEqual({ runs: [2, 0], slow: 0 })
    })

    test("nor with a clock that was set back", () => {
      const pending = add(new PendingReport(0, true), "sf")
      vi.setSystemTime(START - 5_000)
      expect(pending.take().previousAge).toBe(0)
    })

    test("also of a report that it took back", () => {
      const pending = add(new PendingReport(0, true), "s")
      const lost = after(pending, 60_000, "f").take()
      after(pending, 1_000, "f")
      pending.putBack(lost)
      vi.setSystemTime(Date.now() + 15)
      expect(pending.take()).toEqual({ runs: [1, 2], slow: 0, previousAge: 61_015 })
      add(pending, "s")
      const harmless = pending.take()
      after(pending, 200, "f")
      pending.putBack(harmless)
      expect(pending.take().previousAge).toBe(200)
    })

    test("and nobody else is told", () => {
      expect(after(undated("s"), 300, "f").take()).toEqual({ runs: [1, 1], slow: 0 })
    })
  })
})
