import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { createPolicy, type MachineSettings } from "../../src/core/policy.ts"
import type { Run } from "../../src/index.ts"
import { PendingReport } from "../../src/stores/pending-report.ts"
import { failuresAgo, runs } from "./runs.ts"

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

const make = (dated: boolean, settings: MachineSettings = {}): PendingReport =>
  new PendingReport(createPolicy(settings, () => {}), dated)

function after(pending: PendingReport, milliseconds: number, calls: string): PendingReport {
  vi.setSystemTime(Date.now() + milliseconds)
  return add(pending, calls)
}

describe("PendingReport", () => {
  const undated = (calls: string): PendingReport => add(make(false), calls)

  test.each([
    ["", runs()],
    ["s", runs(1)],
    ["f", runs(0, 1)],
    ["sssff", runs(3, 2)],
    ["ffs", runs(0, 2, 1, 0)],
    ["sfsfs", runs(1, 1, 1, 1, 1, 0)],
  ])("counts %j in the order in which they ended", (calls, expected) => {
    expect(undated(calls).take()).toEqual({ runs: expected })
  })

  test.each(["s", "f", "sfsf", "ffss"])("has nothing left of %j once it is cleared", (calls) => {
    const pending = undated(calls)
    pending.clear()
    expect(pending.take()).toEqual({ runs: [] })
  })

  test.each([
    ["", false],
    ["ss", false],
    ["sf", true],
    ["f", true],
    ["fs", true],
  ])("knows whether there is a failure in %j, which is urgent", (calls, has) => {
    expect(undated(calls).isUrgent).toBe(has)
  })

  test("is empty after it was taken", () => {
    const pending = undated("sf")
    pending.add("failure", true, 5_000)
    expect(pending.take()).toEqual({ runs: [...runs(1), { outcome: "failure", calls: 2, slow: 1 }], retryAfter: 5_000 })
    expect(pending.take()).toEqual({ runs: [] })
  })

  test("has the number of slow calls, and the retryAfter of the last failure", () => {
    const pending = make(false)
    pending.add("success", true, undefined)
    pending.add("success", false, undefined)
    pending.add("failure", true, 5_000)
    expect(pending.take()).toEqual({
      runs: [
        { outcome: "success", calls: 2, slow: 1 },
        { outcome: "failure", calls: 1, slow: 1 },
      ],
      retryAfter: 5_000,
    })
    pending.add("failure", false, 5_000)
    pending.add("failure", false, undefined)
    expect(pending.take()).toEqual({ runs: runs(0, 2) })
    pending.add("failure", false, 5_000)
    pending.add("success", false, undefined)
    expect(pending.take()).toEqual({ runs: runs(0, 1, 1, 0), retryAfter: 5_000 })
    pending.add("failure", false, 5_000)
    pending.add("success", true, undefined)
    expect(pending.take()).toEqual({ runs: [...runs(0, 1), { outcome: "success", calls: 1, slow: 1 }], retryAfter: 5_000 })
  })

  test("puts back calls that did not arrive, before those made meanwhile", () => {
    const pending = make(false)
    pending.add("failure", true, 5_000)
    pending.take()
    pending.add("success", true, undefined)
    pending.putBack()
    const slow = { calls: 1, slow: 1 }
    expect(pending.take()).toEqual({ runs: [{ outcome: "failure", ...slow }, { outcome: "success", ...slow }], retryAfter: 5_000 })
    expect(pending.take()).toEqual({ runs: [] })
  })

  test("joins runs that it puts back with those made meanwhile", () => {
    const pending = undated("sf")
    pending.take()
    pending.putBack()
    expect(add(pending, "f").take().runs).toEqual(runs(1, 2))
    pending.putBack()
    pending.take()
    add(pending, "fsf")
    pending.putBack()
    expect(pending.take().runs).toEqual(runs(1, 3, 1, 1))
    add(pending, "sss").take()
    add(pending, "s").putBack()
    expect(pending.isUrgent).toBe(false)
    expect(pending.take().runs).toEqual(runs(4))
  })

  test("tells which successes others have overtaken with failures, also after it put them back", () => {
    const pending = undated("sfs")
    pending.take()
    add(pending, "ss").overtaken()
    pending.putBack()
    const overtaken = (calls: number): Run => ({ outcome: "success", calls, overtaken: true })
    expect(add(pending, "s").take().runs).toEqual([...runs(1, 1, 1), overtaken(2), ...runs(1)])
    const taken = add(pending, "s")
    taken.overtaken()
    taken.take()
    taken.putBack()
    expect(taken.take().runs).toEqual([overtaken(1)])
  })

  test("puts the same calls back only once", () => {
    const pending = undated("sf")
    pending.take()
    pending.putBack()
    pending.putBack()
    expect(pending.take().runs).toEqual(runs(1, 1))
  })

  test("keeps the retryAfter of the later failure", () => {
    const pending = make(false)
    pending.add("failure", false, 5_000)
    pending.take()
    pending.add("failure", false, 7_000)
    pending.putBack()
    expect(pending.take().retryAfter).toBe(7_000)
  })

  test("has a bound, and drops the oldest calls first", () => {
    const pending = undated("s".repeat(12_000))
    expect(pending.take().runs).toEqual(runs(10_000))
    for (let i = 0; i < 150; i++) add(pending, "fs")
    const { runs: taken = [] } = pending.take()
    expect(taken).toEqual(Array.from({ length: 100 }, () => runs(0, 1, 1)).flat())
    add(pending, "ff").putBack()
    expect(pending.take().runs).toEqual([...taken, ...runs(0, 2)].slice(-200))
  })

  test("has no more calls in total than the object accepts", () => {
    const pending = undated("")
    for (let i = 0; i < 40; i++) add(pending, "s".repeat(10_000) + "f")
    const calls = pending.take().runs?.reduce((sum, { calls }) => sum + calls, 0)
    expect(calls).toBeGreaterThan(190_000)
    expect(calls).toBeLessThanOrEqual(210_000)
  })

  test("drops failures after a minute, whatever came after them", () => {
    const pending = after(undated("sf"), 1_000, "sssf")
    expect(after(pending, 59_999, "s").take().runs).toEqual([...runs(1), ...runs(3), failuresAgo(59_999, 1), ...runs(1)])
  })

  test("keeps the last minute of a longer streak", () => {
    const pending = undated("")
    for (let i = 0; i < 100; i++) after(pending, 1_000, "f")
    const failed = pending.take().runs?.reduce((sum, { calls }) => sum + calls, 0)
    expect(failed).toBeGreaterThan(55)
    expect(failed).toBeLessThanOrEqual(61)
  })

  describe("of a window of time", () => {
    const windowed = (dated = true): PendingReport => make(dated, { interval: 10_000, bucketPeriod: 1_000 })

    test("has the age of calls, to the length of a bucket", () => {
      const pending = add(windowed(), "ss")
      after(pending, 999, "s")
      after(pending, 1, "sss")
      after(pending, 500, "ff")
      after(pending, 999, "f")
      expect(pending.take().runs).toEqual([
        { outcome: "success", calls: 3, age: 2_499 },
        { outcome: "success", calls: 3, age: 1_499 },
        { outcome: "failure", calls: 3, age: 999 },
      ])
    })

    test("has the age of calls that it put back", () => {
      const pending = add(windowed(), "sf")
      pending.take()
      after(pending, 700, "f").putBack()
      expect(after(pending, 300, "").take().runs).toEqual([
        { outcome: "success", calls: 1, age: 1_000 },
        { outcome: "failure", calls: 2, age: 1_000 },
      ])
    })

    test.each([
      ["a rolling window", windowed],
      ["a fixed window", () => make(true, { interval: 10_000 })],
    ])("drops calls that have left the window, but for the latest two successes: %s", (_, make) => {
      const pending = make()
      add(pending, "sss")
      expect(after(pending, 10_000, "").take().runs).toMatchObject(runs(3))
      add(pending, "sss")
      after(pending, 5_000, "ss")
      expect(after(pending, 5_001, "f").take().runs).toMatchObject(runs(2, 1))
      add(pending, "sss")
      expect(after(pending, 10_001, "f").take().runs).toMatchObject(runs(2, 1))
      add(pending, "sss")
      // The clock was set back, so the age of the earlier calls is unknown.
      expect(after(pending, -20_000, "f").take().runs).toMatchObject(runs(2, 1))
      add(pending, "f")
      expect(after(pending, 10_001, "f").take().runs).toMatchObject(runs(0, 1))
    })

    test("dates the latest two successes before a failure from that, however old they are", () => {
      const pending = add(windowed(), "s")
      after(pending, 60_000, "s")
      after(pending, 2_000, "s")
      after(pending, 3_000, "s")
      after(pending, 4_000, "f")
      expect(after(pending, 500, "").take().runs).toEqual([
        { outcome: "success", calls: 1, age: 9_500 },
        { outcome: "success", calls: 2, age: 500 },
        failuresAgo(500, 1),
      ])
      expect(after(pending, 1_000, "f").take().runs).toEqual(runs(0, 1))
    })

    test("does not for a store of few clients, which would have fewer calls than a rule demands", () => {
      const pending = add(windowed(false), "ss")
      expect(after(pending, 20_000, "f").take().runs).toEqual(runs(0, 1))
    })

    test("does the same before a slow call", () => {
      const pending = add(windowed(), "sss")
      vi.setSystemTime(Date.now() + 60_000)
      pending.add("success", true, undefined)
      expect(pending.take().runs).toEqual([
        { outcome: "success", calls: 2, overtaken: true },
        { outcome: "success", calls: 1, slow: 1 },
      ])
    })

    test("keeps these for the next failure when it reports successes alone, and drops them with all others", () => {
      const pending = add(windowed(), "ss")
      expect(after(pending, 20_000, "").take().runs).toEqual([])
      expect(after(pending, 20_000, "f").take().runs).toEqual([{ outcome: "success", calls: 2, overtaken: true }, ...runs(0, 1)])
      add(pending, "ss").take()
      vi.setSystemTime(Date.now() + 20_000)
      pending.putBack()
      expect(pending.take().runs).toEqual([])
      pending.clear()
      expect(add(pending, "f").take().runs).toEqual(runs(0, 1))
    })

    test("keeps it in mind that others have overtaken them", () => {
      const pending = add(windowed(), "ss")
      pending.overtaken()
      expect(after(pending, 20_000, "f").take().runs).toEqual([{ outcome: "success", calls: 2, overtaken: true }, ...runs(0, 1)])
    })
  })

  test("takes a slow call to be urgent", () => {
    const pending = make(false)
    pending.add("success", true, undefined)
    expect(pending.isUrgent).toBe(true)
  })

  test("keeps a failure from after a clock was set back apart from those before", () => {
    expect(after(undated("sf"), -3_600_000, "f").take().runs).toMatchObject(runs(1, 1))
  })

  describe("for stores that ask for the age of the call before the first failure", () => {
    test("has that age", () => {
      const pending = add(make(true), "ss")
      after(pending, 300, "f")
      after(pending, 50, "f")
      vi.setSystemTime(Date.now() + 7)
      expect(pending.take()).toEqual({ runs: [...runs(2), failuresAgo(57, 2)], previousAge: 357 })
    })

    test("has that age even if the call was reported before", () => {
      const pending = add(make(true), "f")
      expect(pending.take()).toEqual({ runs: runs(0, 1) })
      expect(after(pending, 40, "f").take().previousAge).toBe(40)
      expect(after(pending, 30, "sf").take().previousAge).toBe(0)
    })

    test("has no age if there is no such call, or no failure", () => {
      const pending = make(true)
      expect(add(pending, "s").take()).toEqual({ runs: runs(1) })
      expect(after(pending, 40, "ss").take()).toEqual({ runs: runs(2) })
    })

    test("has an age of 0 if the clock was set back", () => {
      const pending = add(make(true), "sf")
      vi.setSystemTime(START - 5_000)
      expect(pending.take().previousAge).toBe(0)
    })

    test("has that age after it put a report back", () => {
      const pending = add(make(true), "s")
      after(pending, 60_000, "f").take()
      after(pending, 1_000, "f").putBack()
      vi.setSystemTime(Date.now() + 15)
      expect(pending.take()).toEqual({ runs: [...runs(1), failuresAgo(1_015, 2)], previousAge: 61_015 })
      add(pending, "s")
      pending.take()
      after(pending, 200, "f").putBack()
      expect(pending.take().previousAge).toBe(200)
    })

    test("has no age for other stores", () => {
      expect(after(undated("s"), 300, "f").take()).toEqual({ runs: runs(1, 1) })
    })
  })
})
