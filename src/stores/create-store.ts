import { check, checkAll, FUNCTION, NUMBER, type Rule } from "../core/check.ts"
import type { BreakerStore } from "../store.ts"
import { checkVerdict } from "./check-verdict.ts"
import { linkTo } from "./link.ts"
import { Ramp } from "./ramp.ts"
import { DEADLINE, type SharedStorage } from "./shared-storage.ts"

const RULES: Readonly<Record<string, Rule>> = { watch: FUNCTION, deadline: DEADLINE, successInterval: NUMBER }

/**
 * Makes a store from anything that can hold a record.
 *
 * @throws {RangeError | TypeError} when the storage lacks `exchange`, or another field of it is invalid.
 *
 * @example
 * ```ts
 * import { applyReport, CircuitBreaker, createStore } from "webbreaker"
 *
 * const records = new Map<string, unknown>()
 * const store = createStore({
 *   exchange(name, policy, report) {
 *     const { record, verdict, changed } = applyReport(records.get(name), policy, report, Date.now())
 *     if (changed) records.set(name, record)
 *     return verdict
 *   },
 * })
 * const breaker = new CircuitBreaker({ name: "billing", store })
 * ```
 */
export function createStore(storage: SharedStorage): BreakerStore {
  check("exchange", (storage as SharedStorage | undefined)?.exchange, FUNCTION)
  checkAll(storage, RULES)
  return linkTo(storage, { slowStart: Ramp, check: checkVerdict })
}
