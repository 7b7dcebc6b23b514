/**
 * An hour of simulated traffic, then minutes of real traffic in Node and in workerd, to origins that fail and
 * recover. Prints a table, and exits with 1 if anything was lost, left over or counted wrong.
 * `npm run soak`; `-- --minutes 1` for less.
 */
import { startOrigin } from "../../examples/origin/origin.ts"
import { table } from "../table.ts"
import { nodeHeapUsed, nodeSubject } from "./node-subject.ts"
import { randomFrom } from "./random.ts"
import { soak } from "./real-traffic.ts"
import type { SoakResult } from "./result.ts"
import { simulate } from "./simulation.ts"
import type { Subject } from "./subject.ts"
import { heapGrowth } from "./violations.ts"
import { workerdSubject } from "./workerd-subject.ts"

const SIMULATED_MINUTES = 60
const flag = process.argv.indexOf("--minutes")
const minutes = flag < 0 ? 5 : Number(process.argv[flag + 1])
if (!(minutes > 0)) throw new RangeError("--minutes must be a number above 0")

let unhandled = 0
process.on("unhandledRejection", () => (unhandled += 1))

async function real(start: (url: string) => Subject | Promise<Subject>): Promise<[string, SoakResult]> {
  await using origin = await startOrigin()
  await using subject = await start(`${origin.url}/api`)
  return [subject.name, await soak(subject, origin, minutes)]
}

const simulated = { ...(await simulate(SIMULATED_MINUTES, randomFrom(Date.now()), nodeHeapUsed)), unhandled }
const results: readonly (readonly [string, SoakResult])[] = [
  [`${SIMULATED_MINUTES} simulated minutes`, simulated],
  ...(await Promise.all([real(nodeSubject), real(workerdSubject)])),
]

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2)
const rows = results.map(([name, { outages, calls, rejected, reached, heaps, unhandled, violations }]) => [
  name,
  ...[outages, calls, rejected, reached].map(String),
  `${megabytes(Math.min(...heaps))} to ${megabytes(Math.max(...heaps))}`,
  String(unhandled),
  String(violations.length + heapGrowth(heaps).length),
])
console.log(`${minutes} minutes of real traffic\n`)
console.log(table(["outages", "calls", "rejected", "reached the origin", "heap, MB", "unhandled", "violations"], rows))

for (const [name, { heaps, unhandled, violations }] of results) {
  const all = [...violations, ...heapGrowth(heaps), ...(unhandled ? [`${unhandled} unhandled rejections`] : [])]
  for (const violation of all) console.error(`${name}: ${violation}`)
  if (all.length > 0) process.exitCode = 1
}
