/**
 * Tells whether the page is being left. Its requests then fail with an ordinary network error, while scripts
 * still run and storage can still be written. Such a failure says nothing about an origin.
 *
 * Firefox and WebKit fail requests between `beforeunload` and `pagehide`, also for a link that turns out to
 * be a download, after which the page stays. Chromium fails them after `pagehide`. WebKit fails them even
 * before `beforeunload` when the next page comes from the back/forward cache, and on iOS there is no
 * `beforeunload`. Whether such an early failure came from leaving is known only a moment later, by the first
 * event.
 *
 * @module
 */

// A page that is still there so many milliseconds after `beforeunload` is taken to have stayed.
const GRACE = 1_000
// How many milliseconds a failure waits for an event in WebKit, which asks another process before it sends
// one.
const EVENT_WAIT = 100
const WEBKIT_VENDOR = "Apple Computer, Inc."

let watching = false
/** A failure before this time, by `performance.now()`, may come from leaving. */
let leavingUntil = -Infinity
/** Failures that wait for an event. */
const waiting = new Set<() => void>()

/** Starts to watch for the page being left. Does nothing where there is no page. */
export function watchLeaving(): void {
  if (watching || typeof document === "undefined" || typeof addEventListener !== "function") return
  watching = true
  addEventListener("beforeunload", () => leave(performance.now() + GRACE))
  addEventListener("pagehide", () => leave(Infinity))
  addEventListener("pageshow", () => leave(-Infinity))
}

/** Whether a request that fails now may have failed because the page is being left. */
export async function isLeaving(): Promise<boolean> {
  // In other engines the event comes first. A hidden page does not wait: its timers take a second, and a user
  // does not navigate in it.
  if (watching && isWebKit() && !document.hidden && !mayComeFromLeaving()) {
    await new Promise<void>((settle) => {
      waiting.add(settle)
      setTimeout(() => {
        waiting.delete(settle)
        settle()
      }, EVENT_WAIT)
    })
  }
  return mayComeFromLeaving()
}

// jsdom names the same vendor. There tests would wait, for ever if their timers are fake.
function isWebKit(): boolean {
  const { vendor, userAgent } = globalThis.navigator ?? {}
  return vendor === WEBKIT_VENDOR && !userAgent?.includes("jsdom")
}

function leave(until: number): void {
  leavingUntil = until
  for (const settle of waiting) settle()
}

function mayComeFromLeaving(): boolean {
  return performance.now() < leavingUntil
}
