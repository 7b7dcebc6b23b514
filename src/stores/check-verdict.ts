import { isLike } from "../core/check.ts"
import { STATES } from "../core/counts.ts"
import type { Verdict } from "../core/shared.ts"

const OPTIONAL = { openFor: 0, streak: 0, lease: "", slowStart: { elapsed: 0, length: 0 } }
const MODEL = { state: "", retryAfter: 0, opens: 0, ...OPTIONAL }

/**
 * Throws unless `verdict` is valid. A store may be code of others, or of another version, and a time that is
 * not a number would lead to an open period without an end.
 *
 * @throws {TypeError} that shows the verdict.
 */
export function checkVerdict(verdict: Verdict): void {
  // A part that is optional may also be there, and be `undefined`.
  const given = Object.entries(verdict ?? {}).filter(([, value]) => value !== undefined)
  if (isLike({ ...OPTIONAL, ...Object.fromEntries(given) }, MODEL) && STATES.includes(verdict.state)) return
  throw new TypeError(`The store answered ${JSON.stringify(verdict)}`)
}
