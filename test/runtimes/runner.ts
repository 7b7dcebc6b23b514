import type { CaseResult, RuntimeName, SuiteConfig } from "./suite.ts"

/** The configuration for a runner, which adds its runtime itself. */
export type RunConfig = Omit<SuiteConfig, "runtime">

export interface RunOptions {
  /** Milliseconds for all cases together; 60 000 by default. */
  readonly limit?: number
}

/** Runs the text made by `bundleSuite`. Rejects when the runtime gives no results. */
export type Runner = (
  bundle: string,
  config: RunConfig,
  options?: RunOptions,
) => Promise<CaseResult[]>

export const DEFAULT_LIMIT = 60_000

export function noResults(runtime: RuntimeName, why: string, output: string): Error {
  return new Error(`No results from ${runtime}: ${why}\n${tail(output)}`.trimEnd())
}

/** The end of an output, which has the reason for a failure. */
export function tail(output: string): string {
  return output.trim().split("\n").slice(-20).join("\n")
}
