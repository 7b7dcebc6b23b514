/**
 * What a storage has to do for the breakers that share a record in it, and how long they wait for it.
 *
 * @module
 */
import type { Rule } from "../core/check.ts"
import type { Policy } from "../core/policy.ts"
import type { Report, Verdict } from "../core/shared.ts"
import { MAX_TIMER, TIMER } from "../settings.ts"

/**
 * Where breakers of the same name share a record: the tabs of a browser, the isolates of a Worker.
 *
 * Only `exchange` is required: it applies the report to the record of `name` as one atomic step, and returns
 * the verdict. `applyReport` does the work for a record as JSON. `exchange` may throw, reject, or never
 * answer: the breaker then goes on by its local state and announces a `"storeerror"`. When it rejects, the
 * report is sent again with the next one, unless the error is named "TimeoutError": that report may have
 * arrived.
 */
export interface SharedStorage {
  /** Applies the report to the record of `name`, as one step, and answers with the verdict. */
  exchange(name: string, policy: Policy, report: Report): Verdict | Promise<Verdict>
  /**
   * Calls `changed` with each verdict that others bring about. The breaker itself holds that function: a
   * storage that keeps only a `WeakRef` to it lets breakers that are no longer used be collected. `watch` may throw
   * or reject: the breaker then announces a `"storeerror"`.
   */
  watch?(name: string, policy: Policy, changed: (verdict: Verdict) => void): void | Promise<void>
  /**
   * How long a half-open call waits for the answer at most, in milliseconds, from 1 to 2 147 483 647.
   *
   * @defaultValue 250
   */
  readonly deadline?: number | undefined
  /**
   * After a failure was reported, how long until a success may be reported without another failure, in
   * milliseconds. Above 0, clients are taken to be many, most of whose successes are never reported: a rate then also
   * counts the two successes before a failure, however old they are.
   *
   * @defaultValue 0
   */
  readonly successInterval?: number | undefined
}

/** The default of {@link SharedStorage.deadline}, and of the stores with a setting for it. */
export const DEFAULT_DEADLINE = 250
/** A deadline that leaves a call some time to wait. */
export const DEADLINE: Rule = [
  "a number from 1 to 2147483647",
  (value) => TIMER[1](value) && (value as number) >= 1,
]

/**
 * How long a report may take, in milliseconds; no call waits for it. A report that has no answer by then is
 * taken to be lost, together with the request that sent it.
 */
export function patience(deadline: number): number {
  return Math.min(Math.ceil(deadline) * 4, MAX_TIMER)
}
