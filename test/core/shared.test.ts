/** What reports do to a shared record, one step at a time. */
import { describe, expect, test, vi } from "vitest"
import { noCounts, type Counts } from "../../src/core/counts.ts"
import { createPolicy, type MachineSettings } from "../../src/core/policy.ts"
import { createRecord } from "../../src/core/record.ts"
import { applyReport, applyToRecord, freeLeases, type Report, type Run, type SharedRecord, type Verdict } from "../../src/core/shared.ts"
import { runs } from "../stores/runs.ts"

const START = 1_800_000_000_000

/** A record that is stored as JSON, as in a database. */
function database(settings: MachineSettings = {}) {
  const policy = createPolicy({ timeout: 10_000, readyToTrip: () => false, ...settings }, () => {})
  return {
    record: undefined as unknown as SharedRecord,
    /** @param at - Milliseconds since {@link START}. */
    report(report: Report, at = 0): Verdict {
      const { record, verdict } = applyReport(this.record, policy, report, START + at)
      this.record = JSON.parse(JSON.stringify(record)) as SharedRecord
      return verdict
    },
  }
}

describe("a report of calls", () => {
  test("counts them in the order in which they ended", () => {
    const shared = database()
    expect(shared.report({ runs: runs(2, 1, 1, 2) })).toMatchObject({ state: "closed", streak: 2 })
    expect(shared.record.snapshot.counts).toMatchObject({
      requests: 6, totalSuccesses: 3, totalFailures: 3, consecutiveFailures: 2, consecutiveSuccesses: 0,
    })
  })

  test("does not end a streak of failures with successes that it has overtaken", () => {
    const shared = database()
    const overtaken: Run = { outcome: "success", calls: 3, overtaken: true }
    expect(shared.report({ runs: [overtaken, ...runs(0, 2)] })).toMatchObject({ streak: 2 })
    expect(shared.report({ runs: [overtaken] })).toMatchObject({ streak: 2 })
    expect(shared.record.snapshot.counts).toMatchObject({ totalSuccesses: 6, consecutiveFailures: 2, consecutiveSuccesses: 0 })
    expect(shared.report({ runs: [overtaken, ...runs(0, 1)] })).toMatchObject({ streak: 3 })
  })

  test("counts the slow ones among them", () => {
    const shared = database()
    shared.report({ runs: [{ outcome: "success", calls: 3, slow: 2 }, ...runs(0, 1)] })
    expect(shared.record.snapshot.counts).toMatchObject({ requests: 4, totalSlow: 2 })
  })

  test("opens for as long as the last failure asks for", () => {
    const shared = database({ readyToTrip: () => true })
    expect(shared.report({ runs: runs(0, 1), retryAfter: 25_000 })).toMatchObject({ state: "open", retryAfter: 25_000 })
  })

  test("decides nothing once the record is open, or half-open", () => {
    const shared = database({ readyToTrip: ({ totalFailures }) => totalFailures === 2 })
    expect(shared.report({ runs: runs(0, 5) })).toMatchObject({ state: "open", opens: 1 })
    expect(shared.report({ runs: runs(5) }, 5_000)).toMatchObject({ state: "open", opens: 1, retryAfter: 5_000 })
    expect(shared.report({ runs: runs(5) }, 10_001)).toMatchObject({ state: "half-open", opens: 1 })
    expect(shared.record.snapshot.counts.requests).toBe(0)
  })
})

describe("a record has changed", () => {
  const policy = createPolicy({ timeout: 10_000, readyToTrip: () => true }, () => {})
  const apply = (value: unknown, report: Report, at = 0) => applyReport(value, policy, report, START + at)
  const { record: open } = apply(undefined, { runs: runs(0, 1) })

  test.each<[string, unknown, Report, number, boolean]>([
    ["by a call", undefined, { runs: runs(1) }, 0, true],
    ["by a trip()", undefined, { force: "open" }, 0, true],
    ["by a lease that was granted", open, { acquire: true }, 10_001, true],
    ["not by one that was refused", open, { acquire: true }, 9_999, false],
    ["not by a look", open, {}, 5_000, false],
    ["not by the end of its open period", open, {}, 10_001, false],
    ["not when there is none", undefined, {}, 0, false],
  ])("%s", (_, value, report, at, changed) => {
    expect(apply(value, report, at).changed).toBe(changed)
  })
})

describe("a report of calls that ended some time ago", () => {
  const windowed: MachineSettings = { interval: 10_000, bucketPeriod: 1_000 }
  const old = (age: number): Run => ({ outcome: "success", calls: 1, age })

  test("removes them from the window at the time that follows from their age", () => {
    const shared = database(windowed)
    shared.report({ runs: [old(9_000), old(4_500), old(4_000), old(0)] })
    const { counts, window } = shared.record.snapshot
    expect(counts.totalSuccesses).toBe(4)
    expect(window.buckets.map(({ requests }) => requests)).toEqual([1, 1, 1, 1])
    const left = [1_000, 5_500, 6_000, 10_000].map((at) => (shared.report({}, at), shared.record.snapshot.counts.totalSuccesses))
    expect(left).toEqual([3, 2, 1, 0])
  })

  test.each([
    ["and none that are in it are known", []],
    ["and those that are in it are known", [900, 1_000]],
  ])("drops those that have left the window before they are reported, %s", (_, others) => {
    const policy = createPolicy({ interval: 1_000, bucketPeriod: 100, readyToTrip: () => false }, () => {})
    const record = createRecord(policy, START)
    const report = (now: number, ended: number): unknown =>
      applyToRecord(record, policy, { runs: [{ outcome: "failure", calls: 3, age: now - ended }] }, START + now)
    report(1_000, 500)
    for (const ended of others) report(1_000, ended)
    report(1_600, 500)
    applyToRecord(record, policy, {}, START + 5_000)
    expect(record.counts).toEqual({ ...noCounts(), consecutiveFailures: 6 + 3 * others.length })
  })

  test("merges them by age with calls that others reported before", () => {
    const shared = database(windowed)
    shared.report({ runs: [old(6_500), old(0)] })
    shared.report({ runs: [old(6_500), old(3_000)] })
    expect(shared.record.snapshot.window.buckets.map(({ requests }) => requests)).toEqual([2, 1, 1])
  })

  test("counts those that ended a moment before it, also in a new record with a fixed window", () => {
    const shared = database({ interval: 10_000 })
    shared.report({ runs: [old(1_000), old(1)] })
    expect(shared.record.snapshot.counts).toMatchObject({ requests: 2 })
    shared.report({}, 9_000)
    expect(shared.record.snapshot.counts).toMatchObject({ requests: 2 })
    shared.report({}, 9_001)
    expect(shared.record.snapshot.counts).toMatchObject({ requests: 0 })
  })

  test.each([
    ["a rolling window", windowed],
    ["a fixed one", { interval: 10_000 }],
  ])("leaves out the calls of an earlier state: %s", (_, settings) => {
    const shared = database(settings)
    shared.report({ force: "open" })
    shared.report({ force: "closed" }, 5_000)
    shared.report({ runs: [old(1_001), old(1_000), old(0)] }, 6_000)
    expect(shared.record.snapshot.counts).toMatchObject({ requests: 2, totalSuccesses: 2 })
  })
})

describe("a report of a breaker that has opened by itself", () => {
  const half = ({ totalFailures, totalSuccesses }: Counts): boolean =>
    totalFailures + totalSuccesses >= 4 && totalFailures >= totalSuccesses
  const counted = (totalSuccesses: number, totalFailures: number): Counts => ({ ...noCounts(), totalSuccesses, totalFailures })
  const shared = (settings: MachineSettings, ...told: Run[]) => {
    const shared = database({ readyToTrip: half, ...settings })
    shared.report({ runs: told })
    return shared
  }
  const rolling = { interval: 10_000, bucketPeriod: 1_000 }
  const success = (calls: number, age: number): Run => ({ outcome: "success", calls, age })

  test("opens the record, though its window still holds calls that have left the reporter's", () => {
    const record = shared(rolling, success(5, 8_001), ...runs(1, 2))
    expect(record.report({ opened: counted(2, 2) })).toMatchObject({ state: "open", opens: 1 })
  })

  test("does not open the record if that has enough successes, or if its rule says no", () => {
    const record = shared(rolling, success(5, 8_000), ...runs(1, 2))
    expect(record.report({ opened: counted(2, 2) }).state).toBe("closed")
    expect(shared({ windowSize: 10 }, ...runs(3, 2)).report({ opened: counted(2, 2) }).state).toBe("closed")
    expect(shared({ readyToTrip: () => false }).report({ opened: counted(0, 9) }).state).toBe("closed")
  })

  test("is judged by the larger of its own counts and those of the record", () => {
    expect(shared(rolling, ...runs(1, 3)).report({ opened: counted(0, 3) })).toMatchObject({ state: "open" })
  })

  test("is judged by the streak of the record, not by its own", () => {
    const streak = { readyToTrip: ({ consecutiveFailures }: Counts) => consecutiveFailures > 2 }
    const own = { ...noCounts(), consecutiveFailures: 5 }
    expect(shared(streak, ...runs(0, 2, 1, 2)).report({ opened: own }).state).toBe("closed")
  })

  test("is judged by its own counts alone with a fixed window, since others do not know when that began", () => {
    expect(shared({ interval: 10_000 }, ...runs(9, 2)).report({ opened: counted(2, 2) }).state).toBe("open")
  })

  test("changes nothing once the record is open, or half-open", () => {
    const record = shared(rolling)
    record.report({ force: "open" })
    expect(record.report({ opened: counted(0, 9) }, 10_000)).toMatchObject({ state: "open", opens: 1 })
    expect(record.report({ opened: counted(0, 9) }, 10_001)).toMatchObject({ state: "half-open", opens: 1 })
  })

  test("opens for as long as its last failure asks for", () => {
    expect(shared(rolling).report({ opened: counted(0, 9), retryAfter: 25_000 }).retryAfter).toBe(25_000)
  })
})

describe("a record that is forced", () => {
  test("opens for all, and closes for all without counts", () => {
    const shared = database()
    shared.report({ runs: runs(3) })
    expect(shared.report({ force: "open" })).toMatchObject({ state: "open", retryAfter: 10_000 })
    expect(shared.report({ force: "closed" })).toMatchObject({ state: "closed", retryAfter: 0, opens: 0 })
    expect(shared.record.snapshot.counts.requests).toBe(0)
  })
})

describe("a lease", () => {
  const halfOpen = (settings?: MachineSettings) => {
    const shared = database(settings)
    shared.report({ force: "open" })
    return shared
  }
  const LATER = 10_001

  test("is granted only while half-open, and asking for one changes nothing otherwise", () => {
    const shared = database()
    expect(shared.report({ acquire: true }).lease).toBeUndefined()
    expect(shared.record.snapshot.counts.requests).toBe(0)
    shared.report({ force: "open" })
    expect(shared.report({ acquire: true }).lease).toBeUndefined()
    expect(shared.report({ acquire: true }, LATER).lease).toBeDefined()
    expect(shared.report({ acquire: true }, LATER).lease).toBeUndefined()
  })

  test("is settled by its name, and the other leases stay", () => {
    const shared = halfOpen({ maxRequests: 2 })
    const leases = [1, 2].map(() => shared.report({ acquire: true }, LATER).lease!)
    shared.report({ settle: { lease: "none", outcome: "failure" } }, LATER)
    shared.report({ settle: { lease: leases[1]!, outcome: "success" } }, LATER)
    expect(shared.record.leases).toEqual([{ lease: leases[0], at: START + LATER }])
    expect(shared.record.snapshot).toMatchObject({ state: "half-open", counts: { totalSuccesses: 1, totalSlow: 0 } })
  })

  test("lapses when it is older than probeTimeout, and not before", () => {
    const shared = halfOpen({ probeTimeout: 500 })
    const { lease } = shared.report({ acquire: true }, LATER)
    expect(shared.report({ acquire: true }, LATER + 500).lease).toBeUndefined()
    expect(shared.report({ acquire: true }, LATER + 501).lease).not.toBe(lease)
    expect(shared.record.leases).toHaveLength(1)
  })

  test("lapses together with any number of others at the cost of one copy of the list", () => {
    const policy = createPolicy({ maxRequests: 1_000 }, () => {})
    const record = createRecord(policy, 0)
    applyToRecord(record, policy, { force: "open" }, 0)
    const admitted = Array.from({ length: 1_000 }, (_, i) => applyToRecord(record, policy, { acquire: true }, 60_001 + i).lease)
    let { probes } = record
    const copy = vi.fn((list: typeof probes) => (probes = list))
    Object.defineProperty(record, "probes", { get: () => probes, set: copy })
    freeLeases(record, policy, 300)
    expect(copy).toHaveBeenCalledOnce()
    expect(probes?.map(({ lease }) => lease)).toEqual(admitted.slice(-301))
    expect(record.counts).toEqual({ ...noCounts(), requests: 1_000, totalExclusions: 699 })
  })

  test("from a later time than its record lapses as if it were granted at the record's time", () => {
    const shared = halfOpen({ probeTimeout: 500 })
    shared.report({ acquire: true }, LATER)
    shared.record = { ...shared.record, leases: [{ lease: "far", at: START + 1e9 }] }
    expect(shared.report({ acquire: true }, LATER + 501).lease).toBeDefined()
  })

  test.each([
    ["null", null],
    ["a number", 5],
    ["nothing", {}],
    ["a value that cannot be converted to a text or a number", { lease: { toString: 1 }, at: { valueOf: 1, toString: 1 } }],
  ])("that is %s makes its record invalid", (_, lease) => {
    const shared = halfOpen()
    shared.report({}, LATER)
    shared.record = { ...shared.record, leases: [lease as never] }
    expect(shared.report({ settle: { lease: "none", outcome: "failure" } }, LATER)).toMatchObject({ state: "closed" })
  })
})

describe("a record that is read back", () => {
  test("keeps the end of its open period, however often it was written since", () => {
    const shared = database()
    shared.report({ force: "open" })
    shared.report({}, 4_000)
    expect(shared.report({}, 6_000)).toMatchObject({ state: "open", retryAfter: 4_000 })
    expect(shared.report({}, 10_001)).toMatchObject({ state: "half-open" })
  })

  test("keeps its streak, also where breakers with different windows take turns to write it", () => {
    const settings = { readyToTrip: ({ consecutiveFailures }: Counts) => consecutiveFailures >= 3 }
    const [one, other] = [database(settings), database({ ...settings, interval: 1_000, bucketPeriod: 100 })]
    one.report({ runs: runs(0, 1) })
    other.record = one.record
    other.report({ runs: runs(0, 1) })
    one.record = other.record
    expect(one.report({ runs: runs(0, 1) })).toMatchObject({ state: "open" })
  })

  test.each([
    [1_000, "open"],
    [1_001, "closed"],
  ])("with a time %i ms in the future is %s", (ahead, state) => {
    const shared = database()
    shared.report({ force: "open" }, ahead)
    expect(shared.report({})).toMatchObject({ state })
  })

  test.each([
    { at: null }, { openedAt: "yesterday" }, { durationMs: -1 }, { leases: "none" }, { snapshot: null }, { snapshot: 5 },
    { version: 2 },
  ])("with %j is replaced by a new one", (broken) => {
    const shared = database()
    shared.report({ force: "open" })
    shared.report({ acquire: true }, 10_001)
    shared.record = { ...shared.record, ...broken } as never
    expect(shared.report({}, 10_001)).toMatchObject({ state: "closed", opens: 0 })
  })
})
