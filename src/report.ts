/**
 * Reports an error that must not reach the caller: one of a listener, a callback or a clock.
 *
 * It goes to `reportError`, as errors of the platform's own listeners do. Node does not have that, and in
 * Deno and Bun it would end the process: there the error goes to the console.
 */
export function report(error: unknown): void {
  const fatal = "Deno" in globalThis || "Bun" in globalThis
  if (typeof reportError === "function" && !fatal) reportError(error)
  else console.error(error)
}

/**
 * Runs code of others whose result does not matter. An error that it throws is reported, and so is its rejection if it
 * is async, which would otherwise end the process.
 */
export async function runAndReport(run: () => unknown): Promise<void> {
  try {
    await run()
  } catch (error) {
    report(error)
  }
}
