/**
 * Whether the page is being left. Its requests then fail with an ordinary network error while
 * scripts still run and storage can still be written: that says nothing about an origin.
 *
 * Firefox and WebKit fail them between `beforeunload` and `pagehide`, and do so for a link that
 * turns out to be a download too, after which the page stays; Chromium fails them after `pagehide`.
 * WebKit fails them before `beforeunload` when the way leads to a page of the back/forward cache, and
 * on iOS there is no `beforeunload`: what comes before the first sign is known only a moment later.
 *
 * @module
 */

// How long after `beforeunload` a page that is still there is taken to have stayed.
const GRACE = 1_000
// How long a failure waits for a sign in WebKit, which asks another process before it sends the event.
const FORESIGHT = 100
const WEBKIT_VENDOR = "Apple Computer, Inc."

let watching = false
/** By `performance.now()`: a failure before that may come from leaving. */
let leavingUntil = -Infinity
/** Failures that wait for a sign. */
const waiting = new Set<() => void>()

/** Begins to watch; does nothing where there is no page. */
export function watchLeaving(): void {
  if (watching || typeof document === "undefined" || typeof addEventListener !== "function") return
  watching = true
  addEventListener("beforeunload", () => leave(performance.now() + GRACE))
  addEventListener("pagehide", () => leave(Infinity))
  addEventListener("pageshow", () => leave(-Infinity))
}

/** Whether a request that fails now may have failed because the page is being left. */
export async function isLeaving(): Promise<boolean> {
  // Elsewhere the sign comes first. Timers of a hidden page take a second, and nobody goes back in one.
  if (watching && globalThis.navigator?.vendor === WEBKIT_VENDOR && !document.hidden && !hasSign()) {
    await new Promise<void>((settle) => {
      waiting.add(settle)
      setTimeout(() => {
        waiting.delete(settle)
        settle()
      }, FORESIGHT)
    })
  }
  return hasSign()
}

function leave(until: number): void {
  leavingUntil = until
  for (const settle of waiting) settle()
}

function hasSign(): boolean {
  return performance.now() < leavingUntil
}
