/**
 * The machine against recordings of the real sony/gobreaker: v1.0.0, and v2.4.0 with fixed and with
 * rolling windows. Each trace is replayed step by step through `CircuitBreaker.allow()`, and each
 * step must give the same answer, the same events, the same calls of `readyToTrip`, the same counts.
 */
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { build } from "esbuild"
import { describe, expect, test } from "vitest"
import { CircuitBreaker, type Counts, type Done, type Outcome } from "../../src/index.ts"

interface Rule {
  readonly kind: "default" | "consecutive" | "failures" | "ratio" | "ratio-valid" | "always" | "never"
  readonly n: number
  readonly minRequests: number
  readonly ratio: number
}

interface Step {
  readonly advance?: number
  readonly start?: number
  readonly result?: "ok" | "open" | "too-many"
  readonly finish?: number
  readonly outcome?: Outcome
  readonly again?: boolean
  readonly read?: boolean
  readonly trip?: { readonly counts: object; readonly ret: boolean }
  readonly events?: string[][]
  readonly obsEvents?: string[][]
  readonly state?: string
  readonly counts: object
}

interface Trace {
  readonly id: number
  readonly version: string
  readonly observe: "eager" | "lazy"
  readonly doubleFinish: boolean
  readonly settings: {
    readonly maxRequests: number
    readonly interval: number
    readonly timeout: number
    readonly bucketPeriod?: number
    readonly trip: Rule
  }
  readonly steps: readonly Step[]
}

function load(file: string): Trace[] {
  const text = gunzipSync(readFileSync(new URL(`../fixtures/${file}.ndjson.gz`, import.meta.url))).toString()
  return text.trimEnd().split("\n").map((line) => JSON.parse(line) as Trace)
}

const rules: Record<Rule["kind"], (counts: Counts, rule: Rule) => boolean> = {
  default: (counts) => counts.consecutiveFailures > 5,
  consecutive: (counts, { n }) => counts.consecutiveFailures >= n,
  failures: (counts, { n }) => counts.totalFailures >= n,
  ratio: (counts, { minRequests, ratio }) =>
    counts.requests >= minRequests && counts.totalFailures / counts.requests >= ratio,
  "ratio-valid": (counts, { minRequests, ratio }) => {
    const valid = Math.max(0, counts.requests - counts.totalExclusions)
    return valid >= minRequests && counts.totalFailures / valid >= ratio
  },
  always: () => true,
  never: () => false,
}

const streaks = ["consecutiveSuccesses", "consecutiveFailures"]

/** The counts that the trace recorded, but no streaks where gobreaker's rolling window decays them. */
function pick(counts: object, like: object, rolling: boolean): object {
  const keys = Object.keys(like).filter((key) => !rolling || !streaks.includes(key))
  return Object.fromEntries(keys.map((key) => [key, counts[key as keyof typeof counts]]))
}

function replay(trace: Trace, rolling: boolean, Breaker = CircuitBreaker): void {
  const { maxRequests, interval, timeout, bucketPeriod, trip: rule } = trace.settings
  let now = 0
  let events: string[][] = []
  let asked: { counts: Counts; ret: boolean } | undefined
  const breaker = new Breaker({
    maxRequests,
    // gobreaker takes a negative duration for its default; ours throws a RangeError.
    interval: Math.max(interval, 0),
    timeout: Math.max(timeout, 0),
    bucketPeriod: Math.max(bucketPeriod ?? 0, 0),
    probeTimeout: 0,
    clock: { now: () => now },
    onStateChange: (_, from, to) => events.push([from, to]),
    ...(rule.kind !== "default" && {
      readyToTrip: (counts) => {
        asked = { counts, ret: rules[rule.kind](counts, rule) }
        return asked.ret
      },
    }),
  })
  const dones = new Map<number, Done>()

  trace.steps.forEach((step, index) => {
    const at = `${trace.version} trace ${trace.id} step ${index}`
    events = []
    asked = undefined
    if (step.advance !== undefined) now += step.advance
    if (step.start !== undefined) {
      let result = "ok"
      try {
        dones.set(step.start, breaker.allow())
      } catch (error) {
        result = (error as { code: string }).code === "ERR_OPEN_STATE" ? "open" : "too-many"
      }
      expect(result, at).toBe(step.result)
    }
    if (step.finish !== undefined) dones.get(step.finish)?.(step.outcome as Outcome)
    if (step.read) expect(breaker.state, at).toBe(step.state)
    expect(events, at).toEqual(step.events ?? [])
    const wanted = rule.kind === "default" ? undefined : step.trip
    const got = asked as { counts: Counts; ret: boolean } | undefined
    expect(got && { ...got, counts: pick(got.counts, wanted?.counts ?? got.counts, rolling) }, at).toEqual(
      wanted && { ...wanted, counts: pick(wanted.counts, wanted.counts, rolling) },
    )
    if (trace.observe === "eager") {
      events = []
      expect(breaker.state, at).toBe(step.state)
      expect(events, at).toEqual(step.obsEvents ?? [])
    }
    expect(pick(breaker.counts, step.counts, rolling), at).toEqual(pick(step.counts, step.counts, rolling))
  })
}

/** Our `done` counts once, so a trace in which gobreaker's `done` counted twice cannot be replayed. */
const finishesTwice = (trace: Trace): boolean => trace.steps.some((step) => step.again)

describe.each(["v1", "v2"])("gobreaker %s", (file) => {
  const traces = load(file)
  const single = traces.filter((trace) => !finishesTwice(trace))
  test(`has traces of both kinds`, () => {
    expect(traces).toHaveLength(200)
    expect(single.length).toBeGreaterThanOrEqual(180)
    expect(new Set(single.map((trace) => trace.observe))).toEqual(new Set(["eager", "lazy"]))
  })
  test.each(single.map((trace) => [trace.id, trace] as const))("trace %i replays", (_, trace) => {
    replay(trace, false)
  })
})

describe("gobreaker v2 with a rolling window", () => {
  const readsStreaks = ["default", "consecutive"]
  const traces = load("v2-window").filter(
    (trace) => !finishesTwice(trace) && !readsStreaks.includes(trace.settings.trip.kind),
  )
  test("has enough traces without a rule that reads streaks", () => {
    expect(traces.length).toBeGreaterThan(100)
  })
  test.each(traces.map((trace) => [trace.id, trace] as const))("trace %i replays but for streaks", (_, trace) => {
    replay(trace, true)
  })
})

/** The breaker with one piece of its source replaced. */
async function mutant(file: string, from: string, to: string): Promise<typeof CircuitBreaker> {
  const path = new URL(`../../src/${file}`, import.meta.url).pathname
  const source = readFileSync(path, "utf8")
  expect(source.split(from), `${from} stands once in ${file}`).toHaveLength(2)
  const { outputFiles } = await build({
    entryPoints: [new URL("../../src/index.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    write: false,
    plugins: [
      {
        name: "mutation",
        setup({ onLoad }) {
          onLoad({ filter: /./ }, ({ path: loaded }) =>
            loaded === path ? { contents: source.replace(from, to), loader: "ts" } : undefined,
          )
        },
      },
    ],
  })
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64")
  const module = (await import(`data:text/javascript;base64,${code}`)) as { CircuitBreaker: typeof CircuitBreaker }
  return module.CircuitBreaker
}

// Stryker rewrites the sources, so that they no longer contain these lines.
test.skipIf("STRYKER_MUTATOR_WORKER" in process.env).each([
  ["core/machine.ts", "elapsed > record.openFor", "elapsed >= record.openFor"],
  ["core/machine.ts", "elapsed > policy.interval", "elapsed >= policy.interval"],
  ["core/machine.ts", "counts.requests - counts.totalExclusions >=", "counts.requests >="],
  ["core/machine.ts", "if (permit.generation !== record.generation) return undefined", ""],
  ["core/window.ts", "age - old.age >= length", "age - old.age > length"],
])("the replay notices when %s has %j changed to %j", async (file, from, to) => {
  const Mutant = await mutant(file, from, to)
  const caught = (name: string, rolling: boolean): boolean =>
    load(name).some((trace) => {
      if (finishesTwice(trace)) return false
      if (rolling && ["default", "consecutive"].includes(trace.settings.trip.kind)) return false
      try {
        replay(trace, rolling, Mutant)
        return false
      } catch {
        return true
      }
    })
  expect(caught("v2", false) || caught("v2-window", true)).toBe(true)
})
