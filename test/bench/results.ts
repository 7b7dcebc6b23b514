/** What the programs give, and what they are run with. */
import type { RunConfig, Runner } from "../runtimes/runner.ts"
import type { CallCosts } from "./calls.ts"
import type { Ratios } from "./paired-ratios.ts"

/** What is measured in every runtime. */
export interface RuntimeResults {
  readonly version: string
  readonly calls: CallCosts
  readonly fetches: Ratios
}

/** What is measured in Node alone. */
export interface NodeResults {
  readonly failing: Ratios
  readonly heap: Readonly<Record<string, number>>
  readonly breakers: Ratios
  readonly callWindows: Ratios
  readonly timeWindows: Ratios
  readonly left: number
}

const LIMIT = 300_000

/** Runs a program where a suite of cases is run otherwise. */
export async function measure<T>(runner: Runner, text: string, config: RunConfig): Promise<T> {
  return (await runner(text, config, { limit: LIMIT })) as unknown as T
}
