import { spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { killOnExit } from "./kill-on-exit.ts"
import { DEFAULT_LIMIT, noResults } from "./runner.ts"
import type { RunConfig, Runner } from "./runner.ts"
import type { CaseResult, RuntimeName, SuiteConfig } from "./suite.ts"

export interface Executable {
  readonly runtime: RuntimeName
  readonly path: string
  /** The arguments before the file to run. */
  readonly args: readonly string[]
}

const RESULTS = '{"results":'

/** Makes the runner for a runtime that is a program and runs a file. */
export function childRunner(executable: Executable): Runner {
  return async (bundle, config, { limit = DEFAULT_LIMIT } = {}) => {
    const directory = await mkdtemp(join(tmpdir(), "webbreaker-"))
    try {
      await writeFile(join(directory, "suite.mjs"), bundle)
      await writeFile(join(directory, "main.mjs"), mainFile(config, executable.runtime))
      return await results(executable, directory, limit)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }
}

// The configuration is in the file, because each runtime reads arguments in its own way.
function mainFile(config: RunConfig, runtime: RuntimeName): string {
  const complete: SuiteConfig = { ...config, runtime }
  return `import { run } from "./suite.mjs"
console.log(JSON.stringify({ results: await run(${JSON.stringify(complete)}) }))
`
}

function results(executable: Executable, cwd: string, limit: number): Promise<CaseResult[]> {
  const { runtime, path, args } = executable
  const child = spawn(path, [...args, "main.mjs"], {
    cwd,
    // Deno and Bun send fetch through HTTP_PROXY, Node reads NODE_OPTIONS, Deno and Bun keep caches
    // in HOME, and Deno colours its output even in a pipe.
    env: { PATH: process.env["PATH"], HOME: cwd, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  })
  killOnExit(child)

  let line: string | undefined
  let stderr = ""
  let late = false
  createInterface(child.stdout).on("line", (text) => {
    if (!text.startsWith(RESULTS)) return
    line = text
    // Leftovers of a case, such as a hanging request, would keep the process alive.
    child.kill("SIGKILL")
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  const timer = setTimeout(() => {
    late = true
    child.kill("SIGKILL")
  }, limit)

  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => {
      clearTimeout(timer)
      if (line !== undefined) resolve((JSON.parse(line) as { results: CaseResult[] }).results)
      else if (late) reject(noResults(runtime, `stopped after ${limit} ms`, stderr))
      else reject(noResults(runtime, `it ended with ${signal ?? `code ${code}`}`, stderr))
    })
  })
}
