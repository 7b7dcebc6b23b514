/** The targets for the cost of a breaker, and the reasons where it costs more. */
import { bundleSize } from "../package/bundle-size.ts"
import { table, times } from "../table.ts"
import type { AloneResults, NodeResults, RuntimeResults } from "./results.ts"

const bytes = (number: number): string => `${(number / 1_000).toFixed(1)} kB`

const CLOCK = "a reading of the clock costs as much as the bare call does, and each admission needs one"
const MIX = "each kind of breaker makes the code that all share a little slower"
const TRACES = "to make an error costs more than a third of the call, even without a stack trace"
const BOXES = "numbers take room of their own once breakers of other kinds have lived in the process"
const FEATURES = "all that is promised comes with it; no feature that a bundler could leave out is large"

const SIZES: readonly [exports: string, source: string, most: number][] = [
  ["`CircuitBreaker`", `export { CircuitBreaker } from "./src/index.ts"`, 2_500],
  ["`wrapFetch`", `export { wrapFetch } from "./src/index.ts"`, 4_200],
  ["`wrapFetch`, `localStorageStore`", `export { wrapFetch } from "./src/index.ts"; export { localStorageStore } from "./src/stores/local-storage/index.ts"`, 5_500],
  ["`wrapFetch`, `durableObjectStore`", `export { wrapFetch } from "./src/index.ts"; export { durableObjectStore } from "./src/stores/durable-object/index.ts"`, 5_800],
]

const DEFAULTS = "webbreaker, defaults"
const WINDOW = "webbreaker, 10 s window"
const LAST = "webbreaker, last 10 000 calls"

/** The contenders that have targets. */
export const TARGETED: readonly string[] = [DEFAULTS, WINDOW, LAST]

/** The targets as a table. */
export async function targets(
  { calls }: RuntimeResults,
  { failing, heap, left }: NodeResults,
  byItself: Readonly<Record<string, AloneResults>>,
): Promise<string> {
  const { [DEFAULTS]: plain, [WINDOW]: window, [LAST]: last } = byItself
  const rows = [
    row("closed, defaults", 2, times, plain?.calls.closed[DEFAULTS], calls.closed[DEFAULTS], MIX),
    row("closed, 10 s window", 3, times, window?.calls.closed[WINDOW], calls.closed[WINDOW], CLOCK),
    row("rejected while open", 1.5, times, plain?.calls.rejected[DEFAULTS], calls.rejected[DEFAULTS], TRACES),
    row("failing, 10 000 calls in the window", 1.5, times, last?.failing[LAST], failing[LAST], MIX),
    row("heap of an idle one, bytes", 600, String, plain?.heap, heap[DEFAULTS], BOXES),
    row("left of 10 000 that were dropped", 0, String, undefined, left, ""),
  ]
  for (const [name, source, most] of SIZES) {
    rows.push(row(`${name}, min + gzip`, most, bytes, undefined, await bundleSize(source), FEATURES))
  }
  return table(["at most", "by itself", "among others", "if more, why"], rows)
}

function row(
  name: string,
  most: number,
  show: (value: number) => string,
  byItself: number | undefined,
  amongOthers = NaN,
  why: string,
): string[] {
  const more = Math.max(byItself ?? 0, amongOthers) > most
  return [name, show(most), byItself === undefined ? "" : show(byItself), show(amongOthers), more ? why : ""]
}
