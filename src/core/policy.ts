/**
 * The settings that the state machine runs by, checked once and with every default filled in.
 *
 * @module
 */
import { ask, checkAll, FUNCTION, INTEGER, isNumber, MAX, NUMBER, oneOf, type Rule } from "./check.ts"
import type { Counts } from "./counts.ts"

/** What {@link MachineSettings.timeout} may base the length of an open period on. */
export interface OpenContext {
  /** How often the breaker opened since it was last closed; 1 for the first time. */
  readonly opens: number
  /** Milliseconds that the failure itself asked for, as a `Retry-After` header does. */
  readonly retryAfter?: number | undefined
  /** The error that opened it, when it was opened by one. */
  readonly error?: unknown
}

/**
 * The settings of the state machine. All durations are milliseconds; all settings are optional.
 * Names and defaults are those of gobreaker's `Settings` where gobreaker has the thing.
 */
export interface MachineSettings {
  /**
   * Calls admitted while half-open, and consecutive successes that close the breaker.
   * An integer from 1; 0 means the default.
   *
   * @defaultValue 1
   */
  maxRequests?: number | undefined
  /**
   * Cyclic period of the closed state after which its counts are cleared; from 0, and 0 never
   * clears. Results of calls that began before a clearing do not count after it.
   *
   * @defaultValue 0
   */
  interval?: number | undefined
  /**
   * Turns `interval` into a rolling window of `ceil(interval / bucketPeriod)` buckets; from 0, and 0 means
   * none. Without an `interval` it has no effect, as in gobreaker.
   *
   * @defaultValue none: a fixed window
   */
  bucketPeriod?: number | undefined
  /**
   * The bucket of a rolling window of time that counts a call: the one in which it began, as in gobreaker, or the one
   * in which it ended. With `"start"`, calls that take as long as the window lasts, as those that time out may, have
   * left it before their outcome is known. With `"end"`, a success counts in the bucket in which a call last began or
   * failed, since no clock is read for it.
   *
   * @defaultValue `"start"`; the presets set `"end"`
   */
  countAt?: "start" | "end" | undefined
  /**
   * Counts the last `windowSize` settled calls, instead of those within `interval`. An integer from 0; 0
   * means none. Excluded calls are not part of the window, and are not counted.
   *
   * @defaultValue none
   */
  windowSize?: number | undefined
  /**
   * Length of the open period, after which the breaker is half-open; from 0, and 0 means the default. A
   * function is called at each opening. (gobreaker's `Timeout`. The limit on one call is `callTimeout`.)
   *
   * @defaultValue 60 000
   */
  timeout?: number | ((context: OpenContext) => number) | undefined
  /**
   * Called after each failure, and each slow call, in the closed state; `true` opens the breaker. Gets a copy
   * of the counts, which include that call. When it throws, the breaker stays closed.
   *
   * @defaultValue `counts.consecutiveFailures > 5`
   */
  readyToTrip?: ((counts: Counts) => boolean) | undefined
  /**
   * A half-open call that has not settled after this time counts as a failure at the next admission, so that
   * a call that never ends cannot hold the breaker half-open. From 0, and 0 means no limit. With a store, 0
   * means the open period, since the tab or process that made the call may be gone. For the same reason a breaker
   * with a store that has opened by this asks once a second whether others have closed it, and closes with them.
   *
   * @defaultValue the open period
   */
  probeTimeout?: number | undefined
}

/** {@link MachineSettings}, checked; plain data but for the callbacks. */
export interface Policy {
  /** Calls admitted while half-open, and successes in a row that close the breaker; from 1. */
  readonly maxRequests: number
  /** Length of a fixed window; 0 when there is none. */
  readonly interval: number
  /** Length of a rolling window of time, in buckets of `bucketPeriod`; both 0 when there is none. */
  readonly buckets: number
  /** Length of one bucket, in milliseconds. */
  readonly bucketPeriod: number
  /** Whether a rolling window of time counts a call when it ends, not when it begins. */
  readonly atEnd: boolean
  /** Length of a rolling window of calls; 0 when there is none. */
  readonly windowSize: number
  /** Length of an open period, or a function that returns it. */
  readonly timeout: number | ((context: OpenContext) => number)
  /** Whether a closed breaker with these counts opens. */
  readonly readyToTrip: (counts: Counts) => boolean
  /** Time limit of a half-open call; 0 means none, `undefined` the length of the open period. */
  readonly probeTimeout: number | undefined
  /** Receives the error when a callback throws or returns an invalid value. */
  readonly report: (error: unknown) => void
}

const DEFAULT_TIMEOUT = 60_000

const moreThanFive = (counts: Counts): boolean => counts.consecutiveFailures > 5

const RULES = {
  maxRequests: INTEGER,
  interval: NUMBER,
  bucketPeriod: NUMBER,
  countAt: /* @__PURE__ */ oneOf("start", "end"),
  windowSize: INTEGER,
  timeout: ["a number from 0 or a function", (value) => isNumber(value) || typeof value === "function"],
  readyToTrip: FUNCTION,
  probeTimeout: NUMBER,
} satisfies Record<string, Rule>

/**
 * Checks the settings and fills in the defaults.
 *
 * @throws {RangeError} when a number is out of its range.
 * @throws {TypeError} when a setting is of the wrong type, or two of them contradict each other.
 */
export function createPolicy(settings: MachineSettings, report: (error: unknown) => void): Policy {
  checkAll(settings, RULES)
  const { maxRequests, interval = 0, windowSize = 0, timeout, readyToTrip, probeTimeout } = settings
  if (windowSize && interval) {
    throw new TypeError(`windowSize and interval exclude each other: got ${windowSize} and ${interval}`)
  }
  const bucketPeriod = settings.bucketPeriod || interval
  const buckets = interval && Math.ceil(interval / bucketPeriod)
  const rolling = buckets > 1
  return {
    maxRequests: maxRequests || 1,
    interval: rolling ? 0 : buckets * bucketPeriod,
    buckets: rolling ? buckets : 0,
    bucketPeriod: rolling ? bucketPeriod : 0,
    atEnd: rolling && settings.countAt === "end",
    windowSize,
    timeout: timeout || DEFAULT_TIMEOUT,
    readyToTrip: readyToTrip ?? moreThanFive,
    probeTimeout,
    report,
  }
}

/** Whether the closed state depends on the time; while nothing does, no clock is read. */
export function isTimed({ interval, bucketPeriod }: Policy): boolean {
  return interval + bucketPeriod > 0
}

/** The length of an open period that begins now. The `retryAfter` of the failure can only lengthen it. */
export function openPeriod({ timeout, report }: Policy, context: OpenContext): number {
  const length =
    typeof timeout === "function" ? ask(report, "timeout", NUMBER, 0, timeout, context) : timeout
  const { retryAfter } = context
  return Math.min(Math.max(length || DEFAULT_TIMEOUT, isNumber(retryAfter) ? retryAfter : 0), MAX)
}
