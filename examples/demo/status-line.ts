import type { DemoStatus, State, TabReport, WorkerStatus } from "../browser/src/demo-status.ts"

/** Prints the status: on a terminal as one line that is overwritten, elsewhere as a line for each change. */
export class StatusLine {
  #last = ""

  show(status: DemoStatus): void {
    const { stdout } = process
    const states = describeStates(status)
    if (stdout.isTTY) stdout.write(`\r\x1b[2K${`${states} | ${describeReached(status)}`.slice(0, stdout.columns - 1)}`)
    else if (states !== this.#last) stdout.write(`${states}\n`)
    this.#last = states
  }

  /** Ends the line, so that later output begins on a new one. */
  end(): void {
    if (process.stdout.isTTY && this.#last !== "") process.stdout.write("\n")
  }
}

function describeStates({ mode, tabs, worker }: DemoStatus): string {
  return `origin ${mode.kind} | ${describeTabs(tabs)} | ${describeWorker(worker)}`
}

function describeReached({ tabs, reached }: DemoStatus): string {
  const sent = tabs.reduce((sum, tab) => sum + tab.sent, 0)
  return `sent ${sent}, reached the origin ${reached.breaker}, without a breaker ${reached.bare}, by the Worker ${reached.worker}`
}

function describeTabs(tabs: readonly TabReport[]): string {
  return tabs.length === 0 ? "no tab is open" : `${tabs.length === 1 ? "tab" : "tabs"} ${list(tabs)}`
}

function describeWorker(worker: WorkerStatus): string {
  if (worker.kind === "running") return `isolates ${list(worker.isolates)}`
  return worker.kind === "starting" ? "workerd is starting" : `no workerd: ${worker.reason.split("\n")[0]}`
}

/** All states, or a single one if all are the same. */
function list(all: readonly { readonly state: State }[]): string {
  const states = all.map(({ state }) => state)
  return new Set(states).size === 1 ? (states[0] as string) : states.join(" ")
}
