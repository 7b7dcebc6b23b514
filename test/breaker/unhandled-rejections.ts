/** The rejections that nobody handled while `run` ran; the test runner is not told of them. */
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
    // Node tells of them when the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve))
    return reasons
  } finally {
    process.removeListener("unhandledRejection", note)
    for (const other of others) process.on("unhandledRejection", other)
  }
}
