import type { ChildProcess } from "node:child_process"

/** Kills a child when this process ends. */
export function killOnExit(child: ChildProcess): void {
  const kill = (): boolean => child.kill("SIGKILL")
  const forget = (): void => {
    process.off("exit", kill).off("SIGINT", onSignal).off("SIGTERM", onSignal)
  }
  // A signal ends a process without an "exit" event. With a listener it does not end the process at all,
  // so the signal is sent again. Not process.exit(): it throws in vitest's workers, which vitest stops
  // with SIGTERM.
  const onSignal = (signal: NodeJS.Signals): void => {
    kill()
    forget()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }

  process.on("exit", kill).on("SIGINT", onSignal).on("SIGTERM", onSignal)
  child.once("close", forget)
}
