/** The targets for the cost of a breaker, and the reasons where it costs more. */
import { bundleSize } from "../package/bundle-size.ts"
import { table, times } from "../table.ts"
import type { NodeResults, RuntimeResults } from "./results.ts"

const bytes = (number: number): string => `${(number / 1_000).toFixed(1)} kB`

const CLOCK = "a reading of the clock costs as much as the bare call does, and each admission needs one"
const MIX = "many kinds of breakers take turns in one process; one kind by itself costs about 2x"
const BOXES = "numbers take room of their own once breakers of other kinds have lived in the process; 545 by itself"
const ERRORS = "it is thrown once more on its way to the caller, which takes most of that"
const FEATURES = "all that is promised comes with it; no feature that a bundler could leave out is large"

const SIZES: readonly [exports: string, source: string, most: number][] = [
  ["`CircuitBreaker`", `export { CircuitBreaker } from "./src/index.ts"`, 2_500],
  ["`wrapFetch`", `export { wrapFetch } from "./src/index.ts"`, 4_200],
  ["`wrapFetch`, `localStorageStore`", `export { wrapFetch } from "./src/index.ts"; export { localStorageStore } from "./src/stores/local-storage/index.ts"`, 5_500],
  ["`wrapFetch`, `durableObjectStore`", `export { wrapFetch } from "./src/index.ts"; export { durableObjectStore } from "./src/stores/durable-object/index.ts"`, 5_800],
]

/** The targets as a table. */
export async function targets({ calls: { closed, rejected } }: RuntimeResults, { failing, heap, left }: NodeResults): Promise<string> {
  const defaults = "webbreaker, defaults"
  const rows = [
    row("closed, defaults", closed[defaults], 2, times, MIX),
    row("closed, 10 s window", closed["webbreaker, 10 s window"], 3, times, CLOCK),
    row("rejected while open", rejected[defaults], 1.5, times, ""),
    row("failing, 10 000 calls in the window", failing["webbreaker, last 10 000 calls"], 1.5, times, ERRORS),
    row("heap of an idle one, bytes", heap[defaults], 600, String, BOXES),
    row("left of 10 000 that were dropped", left, 0, String, ""),
  ]
  for (const [name, source, most] of SIZES) {
    rows.push(row(`${name}, min + gzip`, await bundleSize(source), most, bytes, FEATURES))
  }
  return table(["at most", "is", "if more, why"], rows)
}

function row(name: string, value = NaN, most: number, show: (value: number) => string, why: string): string[] {
  return [name, show(most), show(value), value > most ? why : ""]
}
