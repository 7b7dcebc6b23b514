import { isNumber } from "../core/check.ts"
import type { Verdict } from "../core/shared.ts"

const STATES = ["closed", "half-open", "open"]

/**
 * Throws unless `verdict` is one. A store may be another's code, or another version: what is no number
 * would make an open period without an end.
 *
 * @throws {TypeError} that shows it.
 */
export function checkVerdict(verdict: Verdict): void {
  const { state, retryAfter, opens, openFor = 0, streak = 0, lease = "", slowStart } = verdict
  const { elapsed, length } = slowStart ?? { elapsed: 0, length: 0 }
  const numbers = [retryAfter, opens, openFor, streak, elapsed, length]
  if (STATES.includes(state) && numbers.every(isNumber) && typeof lease === "string") return
  throw new TypeError(`The store answered ${JSON.stringify(verdict)}`)
}
