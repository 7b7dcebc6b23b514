/**
 * Ready-made fragments of settings, to be spread into a breaker's.
 *
 * @module
 */
import { ask, BOOLEAN, check, COUNT, FUNCTION, NUMBER, OBJECT, SHARE, type Rule } from "./core/check.ts"
import type { Counts } from "./core/counts.ts"
import type { MachineSettings, OpenContext } from "./core/policy.ts"
import { report } from "./report.ts"

/** What a preset may set. */
export type Preset = Pick<MachineSettings, "interval" | "bucketPeriod" | "countAt" | "windowSize" | "readyToTrip"> & {
  readonly slowCallDuration?: number
}

/** The window over which a rate is taken: a time in milliseconds (`within`), or a number of calls (`last`). */
export type RateWindow = { readonly within: number; readonly last?: undefined } | { readonly last: number; readonly within?: undefined }

/** Settings of {@link failureRate}. */
export type FailureRate = RateWindow & {
  /** Share of failures that opens the breaker, above 0 to 1. */
  readonly threshold: number
  /**
   * With fewer settled calls in the window, the rate opens nothing; an integer from 1. A Durable Object and Deno KV
   * also count the two successes before a failure, however old they are.
   *
   * @defaultValue 10, or `last` when that is smaller
   */
  readonly minimumRequests?: number | undefined
}

/** Settings of {@link slowCallRate}. */
export type SlowCallRate = FailureRate & {
  /** Milliseconds; a call that takes longer is slow. */
  readonly slowerThan: number
}

/** Settings of {@link exponentialBackoff}. */
export interface Backoff {
  /** The first open period, in milliseconds, above 0. */
  readonly initial: number
  /** The longest open period before `jitter`, in milliseconds. */
  readonly max: number
  /**
   * How many times as long each period is as the one before; from 1.
   *
   * @defaultValue 2
   */
  readonly factor?: number | undefined
  /**
   * Each period is lengthened by a random share of itself, of at most `jitter`; from 0 to 1. It is applied
   * after `max`: otherwise clients that opened together would all retry together once they have reached
   * `max`.
   *
   * @defaultValue 0.25
   */
  readonly jitter?: number | undefined
  /**
   * Source of the jitter: returns a number from 0 to below 1.
   *
   * @defaultValue `Math.random`
   */
  readonly random?: (() => number) | undefined
}

const POSITIVE: Rule = ["a number above 0", (value) => NUMBER[1](value) && value !== 0]
const THRESHOLD: Rule = ["a number above 0 to 1", (value) => SHARE[1](value) && value !== 0]
const PRESETS: Rule = [
  "presets, each with a function readyToTrip",
  (value) => (value as Preset[]).length > 0 && (value as Preset[]).every((preset) => FUNCTION[1](preset?.readyToTrip)),
]

// The settings that a preset returns, and the options that they come from: errors name the options.
const NAMES: Readonly<Record<string, string>> = { interval: "within", windowSize: "last", slowCallDuration: "slowerThan" }

// A window has ten buckets, so a tenth of it expires at a time.
const BUCKETS = 10

/**
 * Opens at the `n`-th failure in a row.
 *
 * @param n - An integer from 1.
 * @throws {RangeError} when it is not.
 */
export function consecutiveFailures(n: number): Preset {
  check("n", n, COUNT)
  return { readyToTrip: (counts) => counts.consecutiveFailures >= n }
}

/**
 * Opens when the share of failures among settled calls is `threshold` or more. Calls under way do
 * not dilute it. A call counts when it ends, so that those that time out count even if they take longer than
 * `within`.
 *
 * @throws {RangeError | TypeError} for a wrong setting, or without a window.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, failureRate } from "webbreaker"
 *
 * new CircuitBreaker(failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }))
 * ```
 */
export function failureRate(settings: FailureRate): Preset {
  return rate(settings, (counts) => counts.totalFailures)
}

/**
 * Opens when the share of slow calls among settled calls is `threshold` or more.
 *
 * @throws {RangeError | TypeError} for a wrong setting, or without a window.
 */
export function slowCallRate(settings: SlowCallRate): Preset {
  const preset = rate(settings, (counts) => counts.totalSlow)
  check("slowerThan", settings.slowerThan, NUMBER)
  return { ...preset, slowCallDuration: settings.slowerThan }
}

/**
 * Opens when any of the presets would. They share one window, so those that have a window must have the same
 * one.
 *
 * @throws {TypeError} when two presets want different windows or different `slowerThan`; without presets, or
 * for one that has no `readyToTrip`.
 */
export function anyOf(...presets: readonly Preset[]): Preset {
  check("presets", presets, PRESETS)
  const merged: Record<string, unknown> = {}
  for (const { readyToTrip: _, ...rest } of presets) {
    for (const [name, value] of Object.entries(rest)) {
      if (merged[name] !== undefined && merged[name] !== value) {
        throw new TypeError(`${NAMES[name] ?? name} must be the same in all presets: got ${merged[name]} and ${value}`)
      }
      merged[name] = value
    }
  }
  if (merged["interval"] && merged["windowSize"]) {
    throw new TypeError("within and last exclude each other: got presets with both")
  }
  const asks = ({ readyToTrip }: Preset, counts: Counts): boolean => ask(report, "readyToTrip", BOOLEAN, false, readyToTrip!, counts)
  return { ...merged, readyToTrip: (counts) => presets.some((preset) => asks(preset, counts)) }
}

/**
 * Open periods that grow with each opening until the breaker closes again: `initial`, then `factor` times as
 * long, at most `max`. Use it as the setting `timeout`, or spread it into the settings.
 *
 * @throws {RangeError | TypeError} for a wrong setting.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, exponentialBackoff } from "webbreaker"
 *
 * new CircuitBreaker({ timeout: exponentialBackoff({ initial: 1_000, max: 60_000 }) })
 * ```
 */
export function exponentialBackoff(settings: Backoff): ((context: OpenContext) => number) & Pick<MachineSettings, "timeout"> {
  check("settings", settings, OBJECT)
  const { initial, max, factor = 2, jitter = 0.25, random = () => Math.random() } = settings
  check("initial", initial, POSITIVE)
  check("max", max, ["a number from initial", (value) => NUMBER[1](value) && (value as number) >= initial])
  check("factor", factor, ["a number from 1", (value) => NUMBER[1](value) && (value as number) >= 1])
  check("jitter", jitter, SHARE)
  check("random", random, FUNCTION)
  const timeout = ({ opens }: OpenContext): number =>
    Math.min(initial * factor ** (opens - 1), max) * (1 + jitter * random())
  return Object.assign(timeout, { timeout })
}

function rate(settings: FailureRate, part: (counts: Counts) => number): Preset {
  check("settings", settings, OBJECT)
  const { threshold, within, last } = settings
  check("threshold", threshold, THRESHOLD)
  if (last === undefined) check("within", within, POSITIVE)
  else check("last", last, COUNT)
  if (last !== undefined && within !== undefined) {
    throw new TypeError(`within and last exclude each other: got ${within} and ${last}`)
  }
  if (settings.minimumRequests !== undefined) check("minimumRequests", settings.minimumRequests, COUNT)
  const minimum = Math.min(settings.minimumRequests ?? 10, last ?? Infinity)
  return {
    ...(last === undefined ? { interval: within, bucketPeriod: within / BUCKETS, countAt: "end" } : { windowSize: last }),
    readyToTrip: (counts) => {
      const settled = counts.totalSuccesses + counts.totalFailures
      return settled >= minimum && part(counts) / settled >= threshold
    },
  }
}

