/**
 * Runs `last` and exits when a signal asks for it. Sockets and timers end with the process, and miniflare
 * kills workerd on "exit". The signal listeners of miniflare, which are added later, would report a failure.
 */
export function stopOnSignal(last: () => void): void {
  const stop = (): never => {
    last()
    process.exit(0)
  }
  process.on("SIGINT", stop).on("SIGTERM", stop).on("SIGHUP", stop)
}
