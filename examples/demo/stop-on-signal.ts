// Whatever does not end by then is not worth waiting for.
const LIMIT = 5_000

/**
 * Ends the process when it is told to, after `stop`. A terminal tells every process of the group, and npm
 * tells its child once more: all of them are one.
 */
export function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = (): void => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), LIMIT).unref()
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal).on("SIGHUP", onSignal)
}
