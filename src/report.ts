/**
 * Tells of an error that must not reach the caller: one of a listener, a callback or a clock.
 *
 * Goes to `reportError`, as an error in a listener of the platform's own does. Node has none, and in
 * Deno and Bun it would end the process.
 */
export function report(error: unknown): void {
  const fatal = "Deno" in globalThis || "Bun" in globalThis
  if (typeof reportError === "function" && !fatal) reportError(error)
  else console.error(error)
}
