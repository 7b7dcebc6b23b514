/**
 * The settings of a breaker.
 *
 * @module
 */
import { checkAll, FUNCTION, isNumber, NUMBER, OBJECT, oneOf, STRING, type Rule } from "./core/check.ts"
import type { State } from "./core/counts.ts"
import type { MachineSettings } from "./core/policy.ts"
import { platformClock } from "./platform-clock.ts"
import type { BreakerStore } from "./store.ts"

/** Where a breaker reads the time. */
export interface Clock {
  /** Milliseconds from any origin; monotonic. */
  now(): number
}

/** How a breaker is run: see {@link Settings.mode}. */
export type Mode = "enforce" | "shadow" | "disabled"

/**
 * Settings of a {@link CircuitBreaker}. All are optional; all durations are milliseconds.
 *
 * A callback that throws, or returns an invalid value, is reported (`reportError`), and the default of the
 * setting applies to that call.
 */
export interface Settings<T = any> extends MachineSettings {
  /**
   * Shown in errors and events; the key under which a store shares the breaker.
   *
   * @defaultValue `""`
   */
  name?: string | undefined
  /**
   * Whether a call was a success. `error` is `undefined` when the call fulfilled (and `null` when
   * it rejected with `undefined`).
   *
   * @defaultValue `error === undefined`
   */
  isSuccessful?: ((error: unknown, result: T | undefined) => boolean) | undefined
  /**
   * Whether a call was neither success nor failure; asked before `isSuccessful`. Such a call gives a
   * half-open slot back. Calls that their own caller aborted are always excluded; see `callerTimeout` for the
   * one exception.
   *
   * @defaultValue no other calls
   */
  isExcluded?: ((error: unknown, result: T | undefined) => boolean) | undefined
  /**
   * How a call counts when its caller's own signal ended it with a `TimeoutError`, as `AbortSignal.timeout()`
   * does. With `"failure"`, `isExcluded` is asked first.
   *
   * @defaultValue `"excluded"`
   */
  callerTimeout?: "excluded" | "failure" | undefined
  /**
   * The wait that a failed call asks for, in milliseconds. It can lengthen the open period that the failure
   * leads to, but never shorten it.
   *
   * @defaultValue none
   */
  retryAfterOf?: ((error: unknown, result: T | undefined) => number | undefined) | undefined
  /**
   * Called after every change of state, in order.
   *
   * @defaultValue none
   */
  onStateChange?: ((name: string, from: State, to: State) => void) | undefined
  /**
   * Time limit of one call, from 0 to 2 147 483 647 (what timers can hold); 0 means none. After it the call
   * rejects with a `DOMException` named "TimeoutError", its signal is aborted, and it counts as a failure unless
   * `isExcluded` says otherwise, whether or not `request` ever settles.
   *
   * @defaultValue none
   */
  callTimeout?: number | undefined
  /**
   * A call that takes longer is counted in `totalSlow`; from 0.
   *
   * @defaultValue none
   */
  slowCallDuration?: number | undefined
  /**
   * `"enforce"`; `"shadow"`: everything is counted and announced, nothing is rejected;
   * `"disabled"`: calls go through and nothing is counted.
   *
   * @defaultValue `"enforce"`
   */
  mode?: Mode | undefined
  /**
   * A snapshot to start from. It goes on where it was taken: the time in between does not count. One that is not
   * of this version, or not a snapshot at all, is ignored.
   *
   * @defaultValue none
   */
  snapshot?: unknown
  /**
   * Shares the breaker with others of the same `name`: with other tabs and later pages, with other isolates, or
   * with other processes.
   *
   * @defaultValue none
   */
  store?: BreakerStore | undefined
  /**
   * The clock, for tests. The default cannot be set back. A clock is never read while nothing needs the time.
   *
   * @defaultValue `performance`
   */
  clock?: Clock | undefined
}

/** The longest time that a timer can hold, in milliseconds. */
export const MAX_TIMER: number = 2 ** 31 - 1

/** A delay that a timer can hold: a timer with a longer one fires at once. */
export const TIMER: Rule = [
  `a number from 0 to ${MAX_TIMER}`,
  (value) => isNumber(value) && value <= MAX_TIMER,
]

const RULES: Readonly<Record<string, Rule>> = {
  name: STRING,
  isSuccessful: FUNCTION,
  isExcluded: FUNCTION,
  callerTimeout: /* @__PURE__ */ oneOf("excluded", "failure"),
  retryAfterOf: FUNCTION,
  onStateChange: FUNCTION,
  callTimeout: TIMER,
  slowCallDuration: NUMBER,
  mode: /* @__PURE__ */ oneOf("enforce", "shadow", "disabled"),
  store: ["a store", (value) => OBJECT[1](value) && typeof (value as BreakerStore).link === "function"],
  clock: ["an object with a function now", (value) => typeof (value as Clock | null)?.now === "function"],
}

type Optional = "isSuccessful" | "isExcluded" | "callerTimeout" | "retryAfterOf" | "callTimeout" | "slowCallDuration"

/** The settings of {@link Settings} that a call needs, checked. */
export interface CallSettings extends Readonly<Pick<Settings, Optional>> {
  readonly mode: Mode
  readonly clock: Clock
  /** Whether the clock is the default one. */
  readonly byPlatform: boolean
}

/**
 * Checks these settings. Returns a copy, so that later changes to the caller's object have no effect. The
 * copy always has the same keys, which engines can optimise.
 */
export function callSettings(settings: Settings): CallSettings {
  checkAll(settings, RULES)
  const { isSuccessful, isExcluded, callerTimeout, retryAfterOf, callTimeout, slowCallDuration, clock, mode = "enforce" } = settings
  return {
    isSuccessful,
    isExcluded,
    callerTimeout,
    retryAfterOf,
    callTimeout,
    slowCallDuration,
    mode,
    clock: clock ?? platformClock(),
    byPlatform: !clock,
  }
}
