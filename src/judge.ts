/**
 * Decides the outcome of a call, by the settings of its breaker.
 *
 * @module
 */
import { ask, BOOLEAN, NUMBER } from "./core/check.ts"
import type { Outcome } from "./core/counts.ts"
import type { Evidence } from "./core/machine.ts"
import { Interruption } from "./deadline.ts"
import { report } from "./report.ts"
import type { CallSettings } from "./settings.ts"

/** The outcome of a call. `error` is what its caller gets. */
export interface Judgement extends Evidence {
  readonly outcome: Outcome
}

/** Judges a call that rejected. */
export function judgeError(settings: CallSettings, error: unknown): Judgement {
  if (!(error instanceof Interruption)) return judge(settings, error ?? null, undefined, error)
  const { by, reason } = error
  const isLate = by === "timeout" || (by === "abort" && settings.callerTimeout === "failure" && isTimeout(reason))
  return { outcome: isLate && !excludes(settings, reason, undefined) ? "failure" : "excluded", error: reason }
}

/**
 * Judges a call that fulfilled, or rejected with `error`.
 *
 * @param shown - The error that callbacks get. It is `null` for a rejection with `undefined`, since
 * `undefined` means that the call fulfilled.
 */
export function judge(settings: CallSettings, shown: unknown, result: unknown, error?: unknown): Judgement {
  const { isSuccessful, retryAfterOf } = settings
  if (excludes(settings, shown, result)) return { outcome: "excluded", error }
  const successful = shown === undefined
  if (isSuccessful ? ask(report, "isSuccessful", BOOLEAN, successful, isSuccessful, shown, result) : successful) {
    return { outcome: "success", error }
  }
  const retryAfter = retryAfterOf && ask(report, "retryAfterOf", NUMBER, 0, retryAfterOf, shown, result)
  return { outcome: "failure", error, retryAfter }
}

function excludes({ isExcluded }: CallSettings, shown: unknown, result: unknown): boolean {
  return isExcluded !== undefined && ask(report, "isExcluded", BOOLEAN, false, isExcluded, shown, result)
}

/** Whether `error` is a timeout, by its name. */
export function isTimeout(error: unknown): boolean {
  try {
    return (error as Error | null | undefined)?.name === "TimeoutError"
  } catch {
    // An error may be any object, also one that throws when a property is read.
    return false
  }
}
