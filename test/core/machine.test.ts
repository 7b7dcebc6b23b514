/** Edge cases of the state machine that a breaker never reaches, or reaches only at one exact moment. */
import { expect, test } from "vitest"
import { admit, adopt, lapse, reset, retryAfter, settle, tick, trip } from "../../src/core/machine.ts"
import { createPolicy, type MachineSettings, type Policy } from "../../src/core/policy.ts"
import { createRecord, type BreakerRecord, type Permit } from "../../src/core/record.ts"

function start(settings: MachineSettings = {}): readonly [BreakerRecord, Policy] {
  const policy = createPolicy(settings, () => {})
  return [createRecord(policy, 0), policy]
}

function callThrough(record: BreakerRecord, policy: Policy): void {
  settle(record, policy, admit(record, policy) as Permit, "success", false)
}

test("a breaker without half-open calls has none to give up", () => {
  const [record, policy] = start({ timeout: 1_000 })
  expect(lapse(record, policy)).toBeUndefined()
  trip(record, policy)
  expect(lapse(record, policy)).toBeUndefined()
})

test("a half-open call that is given up changes nothing if the rule for the open period has changed the state", () => {
  const timeout = (): number => {
    if (record.probes) reset(record, policy)
    return 1_000
  }
  const [record, policy] = start({ timeout })
  trip(record, policy)
  tick(record, policy, 1_001)
  admit(record, policy)
  tick(record, policy, 5_000)
  expect(lapse(record, policy)).toBeUndefined()
  expect(record).toMatchObject({ state: "closed", since: 5_000 })
})

test("adopting the state that a record already has changes neither counts nor generation", () => {
  const [record, policy] = start({ timeout: 1_000 })
  callThrough(record, policy)
  expect(adopt(record, policy, "closed", 0, 0)).toBeUndefined()
  expect(record).toMatchObject({ state: "closed", generation: 1, counts: { totalSuccesses: 1 } })

  expect(adopt(record, policy, "open", 500, 1)).toMatchObject({ from: "closed", to: "open" })
  expect(adopt(record, policy, "open", 700, 2)).toBeUndefined()
  expect(record).toMatchObject({ state: "open", generation: 2, opens: 2 })
  expect(retryAfter(record, policy)).toBe(700)
  tick(record, policy, record.now + 0.25)
  expect(retryAfter(record, policy)).toBe(700)
})

test("the wait of a period that has just begun is its length, however the clock's fractions add up", () => {
  for (let now = 0.1; now < 100_000; now += 1_234.567) {
    const [record, policy] = start({ timeout: 60_000 })
    tick(record, policy, now)
    trip(record, policy)
    expect(retryAfter(record, policy)).toBe(60_000)
  }
})

test("the exact end of an open period that follows a given-up probe still belongs to the period", () => {
  const [record, policy] = start({ timeout: 1_000, probeTimeout: 500 })
  trip(record, policy)
  tick(record, policy, 1_001)
  admit(record, policy)
  const end = 1_001 + 500 + 1_000
  tick(record, policy, end)
  expect(retryAfter(record, policy)).toBe(1)
  expect(lapse(record, policy)).toMatchObject({ to: "open" })
  tick(record, policy, end)
  expect(admit(record, policy)).toBe("open")

  tick(record, policy, end + 1)
  expect(retryAfter(record, policy)).toBe(0)
})

test("a call that is not admitted is told why", () => {
  const [record, policy] = start({ timeout: 1_000 })
  trip(record, policy)
  expect(admit(record, policy)).toBe("open")
  tick(record, policy, 1_001)
  expect(admit(record, policy)).toMatchObject({ generation: 3 })
  expect(admit(record, policy)).toBe("too-many")
})

test("a clock that goes back by a second is ignored; by more, it counts as set", () => {
  const [record, policy] = start({ timeout: 60_000 })
  tick(record, policy, 5_000)
  trip(record, policy)
  tick(record, policy, 4_000)
  expect([record.state, retryAfter(record, policy)]).toEqual(["open", 60_000])
  expect(tick(record, policy, 2_999)).toMatchObject({ from: "open", to: "half-open" })
})
