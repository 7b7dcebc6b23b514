/**
 * One call that its caller may abort, or that has a time limit.
 *
 * @module
 */
import { whenAborted } from "./when-aborted.ts"

/** A rejection whose outcome is decided by what ended the call, without a look at the error. */
export class Interruption {
  // Both are only declared. To define them too would set them twice.
  /** Its caller, its time limit, or something that is not the fault of what it called. */
  declare readonly by: "abort" | "timeout" | "mishap"
  /** What the call rejects with. */
  declare readonly reason: unknown

  constructor(by: Interruption["by"], reason: unknown) {
    this.by = by
    this.reason = reason
  }
}

/**
 * Runs `request` until it settles, `caller` aborts or `limit` milliseconds are over, whichever is first,
 * whether or not the request heeds its signal. In the last two cases it rejects with an {@link Interruption}.
 * The error of the call does not tell what ended it, since engines differ in the errors they abort with.
 *
 * @param request - Gets the caller's own signal when there is no limit, else one that follows it.
 * @param limit - 0 or `undefined` means none.
 */
export async function bounded<T>(
  request: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
  caller: AbortSignal | null | undefined,
  limit: number | undefined,
): Promise<T> {
  // A call that waited for its store: its signal was looked at before that.
  if (caller?.aborted) throw new Interruption("abort", caller.reason)
  const controller = limit ? new AbortController() : undefined
  let unfollow: (() => void) | null | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const result = await new Promise<T>((resolve, reject) => {
      const interrupt = (by: Interruption["by"], reason: unknown): void => {
        reject(new Interruption(by, reason))
        controller?.abort(reason)
      }
      const onTimeout = (): void =>
        interrupt("timeout", new DOMException(`The call took longer than ${limit} ms`, "TimeoutError"))
      // Added before the request adds a listener of its own, so that an abort is known here before the request
      // fails.
      unfollow = caller && whenAborted(caller, () => interrupt("abort", caller.reason))
      if (limit) timer = setTimeout(onTimeout, limit)
      Promise.resolve(request(controller?.signal ?? caller ?? undefined)).then(resolve, reject)
    })
    if (controller && caller) followBody(result, caller, controller)
    return result
  } catch (error) {
    // Aborted by a listener that is older than ours, or while the request was being called.
    if (caller?.aborted && !(error instanceof Interruption)) throw new Interruption("abort", caller.reason)
    throw error
  } finally {
    clearTimeout(timer)
    unfollow?.()
  }
}

let bodies: FinalizationRegistry<() => void> | undefined
// Of all signals together: engines keep a signal that follows another, like that of a `Request`, as long as the other
// and its own listeners last.
const collected: (() => void)[] = []
const MAX_COLLECTED = 100

/**
 * A `Response` arrives before its body, so the caller's signal has to abort the body too. The link ends some time
 * after the body was collected: otherwise a signal that lives long would keep something of every call. Not at once,
 * since browsers and workerd go on reading a body, for `text()` say, whose object they have collected.
 */
function followBody(result: unknown, caller: AbortSignal, controller: AbortController): void {
  let body: unknown
  try {
    body = (result as { body?: unknown } | null | undefined)?.body
  } catch {
    // A result may be any object, also one that throws when a property is read.
  }
  // Not by its class: it may be of another realm, or of a fetch that has streams of its own.
  if (Object(body) !== body) return
  const unfollow = whenAborted(caller, () => controller.abort(caller.reason))
  // Workers with an older compatibility date do not have it. There a signal lives only as long as its
  // request.
  if (typeof FinalizationRegistry === "undefined") return
  bodies ??= new FinalizationRegistry((unfollow) => {
    // Node's and Deno's streams are JavaScript: there, one that is being read is not collected.
    if (!String(globalThis.ReadableStream).includes("[native code]")) unfollow()
    else if (collected.push(unfollow) > MAX_COLLECTED) collected.shift()!()
  })
  bodies.register(body as object, unfollow)
}
