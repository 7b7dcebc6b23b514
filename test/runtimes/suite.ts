/**
 * The format of a suite that runs unchanged in every runtime. A cases file has
 * `export const cases: Case[]`. The bundle contains that file and this one, so neither may use anything
 * that only one runtime has.
 *
 * @module
 */
import { assertions, show, type Assertions } from "./assertions.ts"
import { within } from "./within.ts"

export type BrowserName = "chromium" | "firefox" | "webkit"
export type RuntimeName = "node" | "deno" | "bun" | "workerd" | "workerd-newest" | BrowserName

/** The URLs that the cases may call. */
export interface Addresses {
  /** The URL of an origin, without a slash at its end. */
  readonly origin: string
  /** The URL of an origin that is another one to browsers. */
  readonly otherOrigin: string
  /** The URL of a port that refuses connections. */
  readonly refused: string
}

export interface SuiteConfig extends Addresses {
  readonly runtime: RuntimeName
  /** Milliseconds for a case without a timeout of its own; 5000 by default. */
  readonly caseTimeout?: number
}

export interface Context extends Addresses, Assertions {
  readonly runtime: RuntimeName
  /** A name that no other case, run or runtime uses, for `?id=`. */
  id(): string
}

export interface Case {
  readonly name: string
  /** Why the case is not run in a runtime. */
  readonly skip?: Partial<Record<RuntimeName, string>>
  /** Milliseconds. */
  readonly timeout?: number
  run(t: Context): Promise<void>
}

export interface CaseResult {
  readonly name: string
  readonly ok: boolean
  readonly skipped?: string
  readonly error?: string
}

/** Runs the cases one after the other. Never rejects because of a case. */
export async function runCases(
  cases: readonly Case[],
  config: SuiteConfig,
): Promise<CaseResult[]> {
  // An empty list of results would look like a list without failures.
  if (cases.length === 0) throw new Error("The suite has no cases")
  const results: CaseResult[] = []
  for (const item of cases) results.push(await runCase(item, config))
  return results
}

async function runCase(item: Case, config: SuiteConfig): Promise<CaseResult> {
  const { name, timeout = config.caseTimeout ?? 5_000 } = item
  const skipped = item.skip?.[config.runtime]
  if (skipped !== undefined) return { name, ok: true, skipped }

  const start = async (): Promise<void> => item.run(contextOf(config))
  try {
    await within(timeout, start(), `timed out after ${timeout} ms`)
    return { name, ok: true }
  } catch (error) {
    return { name, ok: false, error: describeError(error) }
  }
}

function contextOf({ origin, otherOrigin, refused, runtime }: SuiteConfig): Context {
  const id = (): string => `${runtime}-${Math.random().toString(36).slice(2)}`
  return { ...assertions, origin, otherOrigin, refused, runtime, id }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return `threw what is no error: ${show(error)}`
  return error.cause === undefined ? show(error) : `${show(error)} (cause: ${show(error.cause)})`
}
