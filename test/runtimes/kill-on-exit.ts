import type { ChildProcess } from "node:child_process"

/** Sees to it that a child does not outlive this process. */
export function killOnExit(child: ChildProcess): void {
  const kill = (): boolean => child.kill("SIGKILL")
  const forget = (): void => {
    process.off("exit", kill).off("SIGINT", onSignal).off("SIGTERM", onSignal)
  }
  // A signal ends a process without an "exit" event, unless it is listened to: then it does not end
  // it at all. And vitest, which stops its workers with SIGTERM, makes process.exit() throw in them.
  const onSignal = (signal: NodeJS.Signals): void => {
    kill()
    forget()
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  }

  process.on("exit", kill).on("SIGINT", onSignal).on("SIGTERM", onSignal)
  child.once("close", forget)
}
