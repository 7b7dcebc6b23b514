/** The unhandled rejections while `run` ran. The test runner does not see them. */
export async function unhandledRejections(run: () => Promise<unknown>): Promise<unknown[]> {
  const others = process.listeners("unhandledRejection")
  process.removeAllListeners("unhandledRejection")
  const reasons: unknown[] = []
  const note = (reason: unknown): void => {
    reasons.push(reason)
  }
  process.on("unhandledRejection", note)
  try {
    await run()
    // Node reports unhandled rejections after the microtasks.
    await new Promise((resolve) => setImmediate(resolve))
    return reasons
  } finally {
    process.removeListener("unhandledRejection", note)
    for (const other of others) process.on("unhandledRejection", other)
  }
}
