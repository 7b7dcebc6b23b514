import type { Case, CaseResult, RuntimeName } from "../runtimes/suite.ts"

/** The result of each case in each runtime: `ok`, `FAILED`, or `-` if it was not run. */
export function table(
  runtimes: readonly RuntimeName[],
  cases: readonly Case[],
  results: ReadonlyMap<RuntimeName, ReadonlyMap<string, CaseResult>>,
): string {
  const cell = (runtime: RuntimeName, name: string): string => {
    const result = results.get(runtime)?.get(name)
    if (!result || result.skipped !== undefined) return "-"
    return result.ok ? "ok" : "FAILED"
  }
  const width = Math.max(...cases.map(({ name }) => name.length))
  const pad = (text: string, column: number): string =>
    text.padEnd(Math.max(runtimes[column]?.length ?? 0, "FAILED".length))
  const line = (name: string, cells: readonly string[]): string =>
    [name.padEnd(width), ...cells.map(pad)].join("  ").trimEnd()

  const rows = cases.map(({ name }) => runtimes.map((runtime) => cell(runtime, name)))
  const passed = runtimes.map((_, i) => {
    const run = rows.map((row) => row[i]).filter((text) => text !== "-")
    return `${run.filter((text) => text === "ok").length}/${run.length}`
  })
  return [
    line("", runtimes),
    ...cases.map(({ name }, i) => line(name, rows[i] ?? [])),
    line("passed", passed),
  ].join("\n")
}
