/**
 * Tells of an error that must not reach the caller: one of a listener, a callback or a clock.
 *
 * Goes to `reportError`, as an error in a listener of the platform's own does; Node has none.
 */
export function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error)
  else console.error(error)
}
