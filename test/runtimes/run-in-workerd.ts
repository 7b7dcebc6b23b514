import { DEFAULT_LIMIT, noResults } from "./runner.ts"
import type { RunConfig, RunOptions } from "./runner.ts"
import type { CaseResult, SuiteConfig } from "./suite.ts"
import { within } from "./within.ts"
import { workerdWith } from "./workerd-with.ts"

export interface WorkerdRunOptions extends RunOptions {
  /** Whether to use the workerd of the package `workerd` instead of miniflare's own. */
  readonly newest: boolean
}

const WORKER = `import { run } from "./suite.mjs"
export default {
  async fetch(request) {
    return Response.json(await run(await request.json()))
  },
}
`

/** Runs a suite in the handler of a Worker; the suite's top level is the Worker's top level. */
export async function runInWorkerd(
  bundle: string,
  config: RunConfig,
  { newest, limit = DEFAULT_LIMIT }: WorkerdRunOptions,
): Promise<CaseResult[]> {
  const runtime = newest ? "workerd-newest" : "workerd"
  const complete: SuiteConfig = { ...config, runtime }
  await using workerd = await workerdWith({
    version: newest ? "newest" : "bundled",
    workers: [{ name: "worker", code: WORKER, modules: { "suite.mjs": bundle } }],
  })

  const ask = async (): Promise<CaseResult[]> => {
    const init = { method: "POST", body: JSON.stringify(complete) }
    const response = await workerd.miniflare.dispatchFetch("http://worker.invalid/", init)
    const text = await response.text()
    if (!response.ok) throw new Error(`status ${response.status}, ${text}`)
    return JSON.parse(text) as CaseResult[]
  }
  try {
    return await within(limit, ask(), `stopped after ${limit} ms`)
  } catch (error) {
    throw noResults(runtime, error instanceof Error ? error.message : String(error), workerd.output)
  }
}
