/** The edges of the state machine that no breaker comes to by itself, or only at one moment. */
import { expect, test } from "vitest"
import { admit, adopt, lapse, retryAfter, settle, tick, trip } from "../../src/core/machine.ts"
import { createPolicy, type MachineSettings, type Policy } from "../../src/core/policy.ts"
import { createRecord, type BreakerRecord, type Permit } from "../../src/core/record.ts"

function start(settings: MachineSettings = {}): readonly [BreakerRecord, Policy] {
  const policy = createPolicy(settings, () => {})
  return [createRecord(policy, 0), policy]
}

function callThrough(record: BreakerRecord, policy: Policy): void {
  settle(record, policy, admit(record, policy) as Permit, "success", false)
}

test("a breaker without half-open calls gives none up", () => {
  const [record, policy] = start({ timeout: 1_000 })
  expect(lapse(record, policy)).toBeUndefined()
  trip(record, policy)
  expect(lapse(record, policy)).toBeUndefined()
})

test("taking over what it knows already changes neither counts nor generation", () => {
  const [record, policy] = start({ timeout: 1_000 })
  callThrough(record, policy)
  expect(adopt(record, policy, "closed", 0, 0)).toBeUndefined()
  expect(record).toMatchObject({ state: "closed", generation: 1, counts: { totalSuccesses: 1 } })

  expect(adopt(record, policy, "open", 500, 1)).toMatchObject({ from: "closed", to: "open" })
  expect(adopt(record, policy, "open", 700, 2)).toBeUndefined()
  expect(record).toMatchObject({ state: "open", generation: 2, opens: 2 })
  expect(retryAfter(record, policy)).toBe(700)
})

test("while a probe that is given up leads to an open period, its very end belongs to that period", () => {
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

test("a clock that is back by a second is another request's; by more, it was set", () => {
  const [record, policy] = start({ timeout: 60_000 })
  tick(record, policy, 5_000)
  trip(record, policy)
  tick(record, policy, 4_000)
  expect([record.state, retryAfter(record, policy)]).toEqual(["open", 60_000])
  expect(tick(record, policy, 2_999)).toMatchObject({ from: "open", to: "half-open" })
})
