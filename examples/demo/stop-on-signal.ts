/**
 * Ends the process when it is told to, after `last`. Sockets and timers end with it, and workerd is killed
 * by what miniflare does on "exit"; its own listeners to signals, which come later, would report a failure.
 */
export function stopOnSignal(last: () => void): void {
  const stop = (): never => {
    last()
    process.exit(0)
  }
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop)
}
