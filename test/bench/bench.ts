/**
 * Measures the cost of the breaker, compared with others and in several runtimes, and writes RESULTS.md.
 * `npm run bench`; `-- --quick` for a trial, which writes nothing.
 */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { startOrigin } from "../../examples/origin/origin.ts"
import type { StaticFile } from "../../examples/origin/static-files.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { browserRunner } from "../portable/run-in-browser.ts"
import { childRunner } from "../runtimes/run-in-child.ts"
import type { Runner } from "../runtimes/runner.ts"
import { runners } from "../runtimes/runners.ts"
import { startFastServer } from "./fast-server.ts"
import type { Effort } from "./paired-ratios.ts"
import { program } from "./program.ts"
import { report } from "./report.ts"
import { measure, type AloneResults, type NodeResults, type RuntimeResults } from "./results.ts"
import { TARGETED } from "./targets.ts"

const quick = process.argv.includes("--quick")
const effort: Effort = quick ? { rounds: 1, warmUp: 0, calls: 400 } : { rounds: 15, warmUp: 3, calls: 20_000 }
const measured = JSON.stringify(effort)
const sizes = (...all: number[]): string => JSON.stringify(quick ? all.slice(0, 2) : all)

const files: Record<string, StaticFile> = {}
await using origin = await startOrigin({ files })
await using server = await startFastServer()
const config = { origin: origin.url, otherOrigin: server.url, refused: origin.refusedUrl }

const everywhere = {
  "./calls.ts": "measureCalls",
  "./contenders.ts": "contenders",
  "./fetches.ts": "measureFetches",
  "./runtime-version.ts": "runtimeVersion",
}
const inEach = (contenders: string): string => `{
  version: runtimeVersion(),
  calls: await measureCalls(${contenders}, ${measured}),
  fetches: await measureFetches(config.otherOrigin, ${measured}),
}`
function alone(contender: string): Promise<string> {
  const name = JSON.stringify(contender)
  const only = `{ ${name}: contenders[${name}] }`
  return program(
    { "./calls.ts": "measureCalls, measureFailing", "./contenders.ts": "contenders", "./memory.ts": "heapOf" },
    // The heap first, since it depends on what the process did before.
    `{
      heap: heapOf(contenders[${name}]),
      calls: await measureCalls(${only}, ${measured}),
      failing: await measureFailing(${only}, ${measured}),
    }`,
  )
}
const [inBrowsers, onServers, onlyInNode] = await Promise.all([
  program(everywhere, inEach("contenders")),
  program({ ...everywhere, "./opossum.ts": "opossums" }, inEach("{ ...contenders, ...opossums }")),
  program(
    {
      "./calls.ts": "measureFailing",
      "./contenders.ts": "contenders",
      "./growth.ts": "measureBreakers, measureCallWindows, measureTimeWindows",
      "./memory.ts": "heapOf, leftOf",
      "./opossum.ts": "opossums",
    },
    `{
      failing: await measureFailing({ ...contenders, ...opossums }, ${measured}),
      heap: Object.fromEntries(Object.entries({ ...contenders, ...opossums }).map(([name, it]) => [name, heapOf(it)])),
      left: await leftOf(10_000),
      callWindows: await measureCallWindows(${sizes(100, 1_000, 10_000, 100_000)}, ${measured}),
      timeWindows: await measureTimeWindows(${sizes(100, 1_000, 10_000, 100_000)}, ${measured}),
      breakers: await measureBreakers(${sizes(1, 100, 10_000, 1_000_000)}, ${measured}),
    }`,
  ),
])

const withGc = childRunner({ runtime: "node", path: process.execPath, args: ["--expose-gc"] })
const places: [Runner, string][] = [
  [runners.node, onServers],
  [runners.deno, onServers],
  [runners.bun, onServers],
]
if (findBrowser("chromium")) places.push([browserRunner("chromium", files), inBrowsers])

// One after the other, so that each has the machine to itself.
const results: RuntimeResults[] = []
for (const [runner, text] of places) results.push(await measure(runner, text, config))
const inNode = await measure<NodeResults>(withGc, onlyInNode, config)
const byItself: Record<string, AloneResults> = {}
for (const name of TARGETED) byItself[name] = await measure<AloneResults>(withGc, await alone(name), config)
const text = await report(results, inNode, byItself, effort.rounds)
console.log(text)
if (!quick) await writeFile(fileURLToPath(new URL("RESULTS.md", import.meta.url)), text)
