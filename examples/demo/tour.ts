import type { Mode, Origin } from "../origin/origin.ts"

interface Step {
  readonly seconds: number
  readonly mode: Mode
  readonly text: string
}

export const HEALTHY: Mode = { kind: "healthy", latency: 60 }

const steps: readonly Step[] = [
  { seconds: 8, mode: HEALTHY, text: "All is well: every call goes through." },
  { seconds: 12, mode: { kind: "failing", rate: 1 }, text: "The origin fails every call. The breaker opens, and asks it only now and then." },
  { seconds: 12, mode: { kind: "hanging" }, text: "Now it does not answer at all. Without a breaker, every call waits." },
  { seconds: 26, mode: HEALTHY, text: "The origin is back. The next probe finds out, and the calls return." },
]

/** Takes the origin down and back up in about a minute. Setting a mode by hand ends the tour. */
export class Tour {
  readonly #origin: Origin
  #timer: NodeJS.Timeout | undefined
  #text: string | null = null

  constructor(origin: Origin) {
    this.#origin = origin
    origin.mode = HEALTHY
  }

  get text(): string | null {
    return this.#text
  }

  start(): void {
    this.#enter(0)
  }

  setMode(mode: Mode): void {
    this.#end()
    this.#origin.mode = mode
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#text = null
  }

  #enter(index: number): void {
    this.#end()
    const step = steps[index]
    if (!step) return
    this.#text = step.text
    this.#origin.mode = step.mode
    this.#timer = setTimeout(() => this.#enter(index + 1), step.seconds * 1_000)
  }
}
