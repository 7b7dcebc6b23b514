/**
 * One call that its caller may abort, or that has a time limit.
 *
 * @module
 */
import { whenAborted } from "./when-aborted.ts"

/** Why a call was given up before it settled. */
export class Interruption {
  readonly by: "abort" | "timeout"
  /** What the call rejects with. */
  readonly reason: unknown

  constructor(by: "abort" | "timeout", reason: unknown) {
    this.by = by
    this.reason = reason
  }
}

/**
 * Runs `request` until it settles, `caller` aborts or `limit` milliseconds are over, whichever is
 * first, whether or not the request heeds its signal. In the latter two cases rejects with an
 * {@link Interruption}: what ended a call is never read from its error, since engines differ in the
 * errors they abort with.
 *
 * @param request - Gets the caller's own signal when there is no limit, else one that follows it.
 * @param limit - 0 or `undefined` means none.
 */
export async function bounded<T>(
  request: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
  caller: AbortSignal | null | undefined,
  limit: number | undefined,
): Promise<T> {
  const controller = limit ? new AbortController() : undefined
  let interrupt!: (by: Interruption["by"], reason: unknown) => void
  const interruption = new Promise<never>((_, reject) => {
    interrupt = (by, reason) => {
      reject(new Interruption(by, reason))
      controller?.abort(reason)
    }
  })
  // It is not waited for when the request throws at once.
  interruption.catch(() => {})
  const onTimeout = (): void =>
    interrupt("timeout", new DOMException(`The call took longer than ${limit} ms`, "TimeoutError"))
  // Ahead of the request's own listener, so that an abort is known as one when the request fails.
  const unfollow = caller && whenAborted(caller, () => interrupt("abort", caller.reason))
  const timer = limit ? setTimeout(onTimeout, limit) : undefined
  try {
    const result = await Promise.race([interruption, request(controller?.signal ?? caller ?? undefined)])
    if (controller && caller) followBody(result, caller, controller)
    return result
  } catch (error) {
    // By a listener older than ours, or while the request was being called.
    if (caller?.aborted && !(error instanceof Interruption)) throw new Interruption("abort", caller.reason)
    throw error
  } finally {
    clearTimeout(timer)
    unfollow?.()
  }
}

let bodies: FinalizationRegistry<() => void> | undefined

/**
 * A `Response` is there before its body: the caller's signal goes on to abort that. The link ends
 * with the body, so that a signal which lives long does not keep what each call left behind.
 */
function followBody(result: unknown, caller: AbortSignal, controller: AbortController): void {
  let body: unknown
  try {
    body = (result as { body?: unknown } | null | undefined)?.body
  } catch {
    // A result may be anything, and some let nobody look.
  }
  if (!(body instanceof ReadableStream)) return
  const unfollow = whenAborted(caller, () => controller.abort(caller.reason))
  // Workers of an older compatibility date have none; a signal there lives as long as its request.
  if (typeof FinalizationRegistry === "undefined") return
  bodies ??= new FinalizationRegistry((unfollow) => unfollow())
  bodies.register(body, unfollow)
}
