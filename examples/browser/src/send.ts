/**
 * The calls that the page makes.
 *
 * They are POSTs: a browser sends a GET again by itself when its connection breaks, and the origin would
 * count one call twice.
 *
 * @module
 */
import { findCircuitBreakerError } from "webbreaker"
import type { CallOutcome } from "./call-log.ts"
import { CALL_TIMEOUT, safeFetch } from "./client.ts"

const request = { method: "POST", body: "one of these" } as const

/** Calls the origin through the breaker. */
export async function sendSafely(api: string, signal?: AbortSignal): Promise<CallOutcome> {
  try {
    // `expose` lets a script of this page's origin read the Retry-After.
    const response = await safeFetch(`${api}/api/orders?id=breaker&expose=1`, { ...request, signal: signal ?? null })
    await response.text()
    return response.ok ? "succeeded" : "failed"
  } catch (error) {
    if (findCircuitBreakerError(error)) return "rejected"
    return signal?.aborted ? "excluded" : "failed"
  }
}

/** The same call without a breaker, with the same time limit. */
export async function sendBare(api: string): Promise<void> {
  try {
    const response = await fetch(`${api}/api/orders?id=bare`, { ...request, signal: AbortSignal.timeout(CALL_TIMEOUT) })
    await response.text()
  } catch {
    // Only the origin's count of requests is shown, so the outcome does not matter.
  }
}
