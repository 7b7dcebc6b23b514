/** The results of the programs, and how to run them. */
import type { RunConfig, Runner } from "../runtimes/runner.ts"
import type { CallCosts } from "./calls.ts"
import type { Ratios } from "./paired-ratios.ts"

/** The measurements of every runtime. */
export interface RuntimeResults {
  readonly version: string
  readonly calls: CallCosts
  readonly fetches: Ratios
}

/** The measurements of one contender, in a process of its own in Node. */
export interface AloneResults {
  readonly calls: CallCosts
  readonly failing: Ratios
  readonly heap: number
}

/** The measurements that are made only in Node. */
export interface NodeResults {
  readonly failing: Ratios
  readonly heap: Readonly<Record<string, number>>
  readonly breakers: Ratios
  readonly callWindows: Ratios
  readonly timeWindows: Ratios
  readonly left: number
}

const LIMIT = 300_000

/** Runs a program with a runner, which otherwise runs a suite of cases. */
export async function measure<T>(runner: Runner, text: string, config: RunConfig): Promise<T> {
  return (await runner(text, config, { limit: LIMIT })) as unknown as T
}
