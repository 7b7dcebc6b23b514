/**
 * Whether the page is being left. Its requests then fail with an ordinary network error while
 * scripts still run and storage can still be written: that says nothing about an origin.
 *
 * Firefox and WebKit fail them between `beforeunload` and `pagehide`, and do so for a link that
 * turns out to be a download too, after which the page stays; Chromium fails them after `pagehide`.
 *
 * @module
 */

// How long after `beforeunload` a page that is still there is taken to have stayed.
const GRACE = 1_000

let watching = false
let hidden = false
let graceEnd = -Infinity

/** Begins to watch; does nothing where there is no page. */
export function watchLeaving(): void {
  if (watching || typeof document === "undefined" || typeof addEventListener !== "function") return
  watching = true
  addEventListener("beforeunload", () => {
    graceEnd = performance.now() + GRACE
  })
  addEventListener("pagehide", () => {
    hidden = true
  })
  addEventListener("pageshow", () => {
    hidden = false
    graceEnd = -Infinity
  })
}

/** Whether a request that fails now may have failed because the page is being left. */
export function isLeaving(): boolean {
  return hidden || performance.now() < graceEnd
}
