/** The cost of rolling windows, measured in buckets and copies: times would vary too much. */
import { expect, test } from "vitest"
import { admit, settle, tick } from "../../src/core/machine.ts"
import { createPolicy, type MachineSettings } from "../../src/core/policy.ts"
import { createRecord, type Permit } from "../../src/core/record.ts"

const BUCKETS = 10
const settings: MachineSettings = { interval: BUCKETS, bucketPeriod: 1, readyToTrip: () => false }
const policy = createPolicy(settings, () => {})

test("calls of one period share a bucket, and a permit", () => {
  const record = createRecord(policy, 0)
  const permits = new Set(Array.from({ length: 100 }, () => admit(record, policy)))
  expect(permits.size).toBe(1)
  expect(record.time?.buckets).toHaveLength(1)
  expect(record.time?.buckets[0]).toMatchObject({ age: 0, requests: 100 })
})

test("a window holds at most twice its buckets, and copies its list once in as many periods as it has buckets", () => {
  const record = createRecord(policy, 0)
  const periods = 100 * BUCKETS
  let lists = 0
  for (let now = 1; now <= periods; now++) {
    const before = record.time?.buckets
    tick(record, policy, now)
    if (record.time?.buckets !== before) lists += 1
    settle(record, policy, admit(record, policy) as Permit, "failure", false)
    expect(record.time?.buckets.length).toBeLessThanOrEqual(2 * BUCKETS + 1)
  }
  expect(record.counts.totalFailures).toBe(BUCKETS)
  // Each copy moves at most as many buckets as have left since the last copy.
  expect(lists).toBeLessThanOrEqual(periods / BUCKETS + 1)
})
