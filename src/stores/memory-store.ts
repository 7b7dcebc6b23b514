import { applyReport, type SharedRecord } from "../core/shared.ts"
import type { BreakerStore } from "../store.ts"
import { createStore } from "./create-store.ts"

/**
 * A store in memory: shares breakers of the same name within a page or process. The simplest store, for tests
 * and as a model for others.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, memoryStore } from "webbreaker"
 *
 * const store = memoryStore()
 * const one = new CircuitBreaker({ name: "billing", store })
 * const other = new CircuitBreaker({ name: "billing", store })
 * ```
 */
export function memoryStore(): BreakerStore {
  const records = new Map<string, SharedRecord>()
  return createStore({
    exchange(name, policy, report) {
      const { record, verdict, changed } = applyReport(records.get(name), policy, report, Date.now())
      if (changed) records.set(name, record)
      return verdict
    },
  })
}
