import { execFileSync } from "node:child_process"
import { expect, test } from "vitest"
import { findBrowser } from "../browsers/find-browser.ts"
import { contenders } from "./contenders.ts"
import { opossums } from "./opossum.ts"

test("the benchmark runs, and has a number for everything in every runtime", () => {
  const [run, bench] = ["../run-bundled.mjs", "bench.ts"].map((file) => new URL(file, import.meta.url).pathname)
  const text = execFileSync(process.execPath, [run!, bench!, "--quick"], { encoding: "utf8" })
  const runtimes = ["Node", "Deno", "Bun", ...(findBrowser("chromium") ? ["Chromium"] : [])]
  for (const runtime of runtimes) expect(text).toContain(`| ${runtime}: closed`)

  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| |"))
  const cells = new Map(rows.map((row) => [row.split(" | ")[0]?.slice(2), row.match(/\d[\d.]*x/g) ?? []]))
  const names = Object.keys({ ...contenders, ...opossums })
  // Both tables of contenders have the same names, the second with a single ratio each.
  expect(rows.filter((row) => names.some((name) => row.startsWith(`| ${name} |`)))).toHaveLength(names.length * 2)
  for (const name of ["defaults", "rejected while open"]) expect(cells.get(name), name).toHaveLength(runtimes.length)
  expect(text).toMatch(/left \d+\./)
  expect(text).not.toMatch(/NaN|undefined|Infinity/)
})
