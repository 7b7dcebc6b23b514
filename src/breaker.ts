/**
 * The breaker: the state machine, run by a clock, around calls, with listeners.
 *
 * @module
 */
import { check, FUNCTION, OBJECT, oneOf, type Rule } from "./core/check.ts"
import type { Counts, Outcome, State } from "./core/counts.ts"
import {
  admit,
  admitClosed,
  book,
  lapse,
  openFrom,
  reset,
  retryAfter,
  settle,
  tick,
  trip,
  type Evidence,
  type Transition,
} from "./core/machine.ts"
import { createPolicy, isTimed, type Policy } from "./core/policy.ts"
import type { BreakerRecord, Permit } from "./core/record.ts"
import { restoreSnapshot, takeSnapshot, type BreakerSnapshot } from "./core/snapshot.ts"
import { bounded } from "./deadline.ts"
import { CircuitBreakerError, OpenStateError, TooManyRequestsError, withoutStack } from "./errors.ts"
import { Listeners, type BreakerEventMap, type BreakerListener, type ListenerOptions } from "./events.ts"
import { judge, judgeError, type Judgement } from "./judge.ts"
import { report } from "./report.ts"
import { callSettings, TIMER, type CallSettings, type Settings } from "./settings.ts"
import type { StoreHost, StoreLink } from "./store.ts"
import { isSignal } from "./when-aborted.ts"

/** Options of one call. */
export interface CallOptions {
  /** Aborts the call; an aborted call is excluded. One that is aborted already is not made. */
  signal?: AbortSignal | null | undefined
  /** Overrides the setting of that name for this call; 0 means none. */
  callTimeout?: number | undefined
}

/** Reports how a call that {@link CircuitBreaker.allow} admitted has ended. Only the first report counts. */
export type Done = (outcome: Outcome, evidence?: Evidence) => void

/** Holds a breaker open until it is released; a second release does nothing. */
export interface Isolation {
  /** Releases the breaker. Only the first call has an effect. */
  release(): void
}

/** The handlers that run once a call settles. */
interface Call {
  readonly permit: Permit | undefined
  readonly fulfilled: <T>(result: T) => T
  readonly rejected: (error: unknown) => PromiseLike<never>
}

/**
 * A circuit breaker: it stops sending requests that are likely to fail.
 *
 * Closed, it lets calls through and counts; once `readyToTrip` says so it opens and rejects calls
 * without making them. After `timeout` it is half-open and lets `maxRequests` of them through: when
 * those succeed it closes, when one fails it opens again. No timer drives it, so it works where
 * timers die with their request, and holds no process open.
 *
 * The state machine is that of [sony/gobreaker](https://github.com/sony/gobreaker#usage).
 *
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { CircuitBreaker, failureRate } from "webbreaker"
 *
 * const breaker = new CircuitBreaker({
 *   name: "billing",
 *   ...failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }),
 * })
 * const invoices = await breaker.execute((signal) => fetch("https://billing.example/invoices", { signal }), {
 *   callTimeout: 3_000,
 * })
 * ```
 */
export class CircuitBreaker {
  /** Shown in errors and events. */
  readonly name: string
  readonly #settings: CallSettings
  readonly #policy: Policy
  readonly #record: BreakerRecord
  #listeners: Listeners | undefined
  #isolations = 0
  #cause: unknown
  /** The handlers of the last call that was not timed. All such calls with the same permit share them. */
  #call: Call | undefined
  readonly #store: StoreLink | undefined
  /** Whether calls in the closed state change only counts, so that they can take the short path. */
  #plain: boolean

  /** All settings have defaults: those of gobreaker, where gobreaker has the setting. */
  constructor(settings: Settings = {}) {
    this.#settings = callSettings(settings)
    const policy = createPolicy(settings, report)
    this.#policy = settings.store ? { ...policy, probeTimeout: policy.probeTimeout || undefined } : policy
    this.name = settings.name ?? ""
    // At the top level of a Worker the clock reads 0. The state machine corrects times that began there.
    const now = isTimed(this.#policy) || settings.snapshot ? this.#now() : 0
    this.#record = restoreSnapshot(settings.snapshot, this.#policy, now)
    const { onStateChange } = settings
    if (onStateChange) {
      this.addEventListener("statechange", ({ from, to }) => onStateChange(this.name, from, to))
    }
    this.#store = settings.store?.link(this.#host())
    this.#plain = this.#isPlain()
  }

  /** The state now; evaluates the clock, like gobreaker's `State()`. */
  get state(): State {
    this.#update()
    return this.#isolations ? "open" : this.#record.state
  }

  /** A copy of the counts; does not evaluate the clock, like gobreaker's `Counts()`. */
  get counts(): Counts {
    return { ...this.#record.counts }
  }

  /**
   * Milliseconds until a call may be admitted; 0 when one may be now, `Infinity` while isolated. When
   * half-open with all slots taken, it is the time until the oldest call is given up or, with a
   * `probeTimeout` of 0, the length of an open period.
   */
  get retryAfter(): number {
    this.#update()
    return this.#isolations ? Infinity : retryAfter(this.#record, this.#policy)
  }

  /**
   * Calls `request` if the breaker admits it, and counts the outcome.
   *
   * @param request - Gets the signal that aborts it; `undefined` when the call has neither a caller's signal
   * nor a time limit.
   * @returns What `request` returns; rejects with what `request` throws, untouched.
   * @throws {OpenStateError | TooManyRequestsError} when the call is rejected.
   * @throws {RangeError | TypeError} for a wrong argument; the message names it and its value.
   * @throws the reason of `options.signal`, once that is aborted.
   * @throws {DOMException} "TimeoutError", when `callTimeout` is over.
   */
  execute<T>(
    request: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
    options?: CallOptions,
  ): Promise<T> {
    const record = this.#record
    const isPlain = this.#plain && options === undefined && typeof request === "function"
    if (isPlain && record.state === "closed" && !this.#store?.holdsBack) {
      const permit = isTimed(this.#policy) ? admitClosed(record, this.#policy, this.#now()) : (admit(record, this.#policy) as Permit)
      return this.#run(this.#sharedCall(permit), request)
    }
    return this.#execute(request, options)
  }

  // A separate function: engines optimise the short path above better without it.
  #execute<T>(
    request: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
    options: CallOptions | undefined,
  ): Promise<T> {
    const signal = options?.signal
    const limit = options?.callTimeout ?? this.#settings.callTimeout
    // What is not a function is often a promise by mistake, and must not count as a failure.
    if (options || typeof request !== "function") {
      try {
        check("request", request, FUNCTION)
        check("options", options, OPTIONS)
        check("signal", signal, SIGNAL)
        check("callTimeout", limit ?? 0, TIMER)
      } catch (error) {
        return Promise.reject(error)
      }
      if (signal?.aborted) return Promise.reject(signal.reason)
    }
    const permit = this.#admit()
    // Not rejected yet when it is returned: engines keep track of promises that are rejected before they have a
    // handler, which costs more than all the rest.
    if (permit instanceof CircuitBreakerError) return Promise.resolve(rejection(permit))
    if (this.#store && permit?.lease) {
      return this.#store.lease(permit, signal).then((leased) => this.#run(this.#callOf(leased), request, signal, limit))
    }
    return this.#run(this.#callOf(permit), request, signal, limit)
  }

  // Not an async function: that would double the cost of a call that does nothing.
  #run<T>(
    { fulfilled, rejected }: Call,
    request: (signal: AbortSignal | undefined) => T | PromiseLike<T>,
    signal?: AbortSignal | null,
    limit?: number,
  ): Promise<T> {
    let promise: Promise<T>
    try {
      promise = limit || signal ? bounded(request, signal, limit) : Promise.resolve(request(undefined))
    } catch (error) {
      promise = Promise.reject(error)
    }
    return promise.then(fulfilled, rejected) as Promise<T>
  }

  /**
   * Like `execute`, but in two steps, for calls that are not a single function: admits a call, and returns a
   * function that reports how it ended. gobreaker's `TwoStepCircuitBreaker`.
   *
   * @throws {OpenStateError | TooManyRequestsError} when the call is rejected.
   */
  allow(): Done {
    const permit = this.#admit()
    if (permit instanceof CircuitBreakerError) throw permit
    const start = this.#start()
    let settled = false
    return (outcome, evidence) => {
      check("outcome", outcome, OUTCOME)
      if (settled) return
      // Set first: listeners and callbacks may call this function again.
      settled = true
      this.#settle(permit, start, outcome, evidence)
    }
  }

  /** Opens the breaker now, as a failure would. If it is open already, the end of its open period stays the same. */
  trip(): void {
    this.#update(trip, "open")
  }

  /** Closes the breaker now and clears its counts. Calls under way will not count. */
  reset(): void {
    this.#update(reset, "closed")
  }

  /**
   * Holds the breaker open, whatever its state, until the returned handle is released; handles nest. The
   * state machine goes on meanwhile: after the last release the breaker is in the state that it would have
   * reached without the isolation. A snapshot does not include it.
   */
  isolate(): Isolation {
    let held = 1
    this.#isolate(held)
    this.#store?.isolated()
    return {
      release: () => {
        const step = -held
        // Set first: listeners may release it again.
        held = 0
        this.#isolate(step)
      },
    }
  }

  #isolate(step: number): void {
    const from = this.state
    this.#isolations += step
    this.#plain = this.#isPlain()
    const to = this.#isolations ? "open" : this.#record.state
    if (from !== to) this.#listeners?.queue("statechange", { from, to, counts: this.counts })
    this.#listeners?.announce()
  }

  /** The state as plain JSON, to go on from with the setting `snapshot`. */
  snapshot(): BreakerSnapshot {
    this.#update()
    return takeSnapshot(this.#record, this.#policy)
  }

  /** Like `EventTarget`'s; an error that the listener throws is reported and changes nothing. */
  addEventListener<K extends keyof BreakerEventMap>(
    type: K,
    listener: BreakerListener<BreakerEventMap[K]>,
    options?: ListenerOptions | boolean,
  ): void {
    this.#listeners ??= new Listeners(this.name)
    this.#listeners.add(type, listener, options)
    this.#plain = this.#isPlain()
  }

  /** Like `EventTarget`'s. */
  removeEventListener<K extends keyof BreakerEventMap>(
    type: K,
    listener: BreakerListener<BreakerEventMap[K]>,
    options?: ListenerOptions | boolean,
  ): void {
    this.#listeners?.remove(type, listener, options)
  }

  #host(): StoreHost {
    return {
      name: this.name,
      policy: this.#policy,
      record: this.#record,
      apply: (change) => this.#update(change),
      admit: () => this.#admit(),
      reject: (wait) => this.#reject("too-many", wait),
      failed: (error) => {
        this.#listeners?.queue("storeerror", { error })
        this.#listeners?.announce()
        return this.#listeners?.storeErrors ?? false
      },
    }
  }

  /**
   * Brings the record up to date, and applies a change that was not caused by a call. One made by hand (`forced`)
   * is passed on to the store.
   */
  #update(change?: (record: BreakerRecord, policy: Policy) => Transition | undefined, forced?: "open" | "closed"): void {
    const record = this.#record
    const now = this.#tick()
    const changed = change?.(record, this.#policy)
    if (changed?.to === "open") openFrom(record, now)
    this.#changed(changed)
    if (forced) this.#store?.forced(forced)
    this.#listeners?.announce()
  }

  #now(): number {
    try {
      const now = this.#settings.clock.now()
      if (Number.isFinite(now)) return now
      report(new TypeError(`clock.now() must be a finite number: got ${now}`))
    } catch (error) {
      report(error)
    }
    return this.#record?.now ?? 0
  }

  /** Returns the reading of the clock. The record may keep a later one, of before the clock went back by a little. */
  #tick(now: number = this.#now()): number {
    this.#changed(tick(this.#record, this.#policy, now))
    return now
  }

  #isPlain(): boolean {
    const { isSuccessful, isExcluded, callTimeout, slowCallDuration, mode } = this.#settings
    const isOther = isSuccessful || isExcluded || callTimeout || slowCallDuration !== undefined || mode === "disabled"
    return !isOther && !this.#needsTime("success") && !this.#isolations && !this.#listeners?.outcomes
  }

  /**
   * Whether the closed state needs the time at which a call with this outcome ends. Reading the clock costs
   * as much as a call that does nothing. A success leaves a rolling window where it is: the counts come out the
   * same when that is moved later. A window of ends counts it in the latest period that is known, that in which a call
   * last began or failed.
   */
  #needsTime(outcome: Outcome): boolean {
    const { interval, bucketPeriod, atEnd } = this.#policy
    return interval > 0 || (bucketPeriod > 0 && (outcome === "failure" || !(atEnd || this.#settings.byPlatform)))
  }

  /** The time at which a call begins, if its duration is needed. */
  #start(): number | undefined {
    return this.#listeners?.outcomes || this.#settings.slowCallDuration !== undefined ? this.#now() : undefined
  }

  /**
   * Returns a permit, `undefined` for a call that goes through uncounted, or the error for a call that is
   * rejected.
   */
  #admit(): Permit | CircuitBreakerError | undefined {
    const record = this.#record
    let lapsed: Transition | undefined
    if (this.#settings.mode === "disabled") return undefined
    if (isTimed(this.#policy) || record.state !== "closed") {
      const now = this.#tick()
      if (record.probes) {
        lapsed = lapse(record, this.#policy)
        if (lapsed) openFrom(record, now)
        this.#changed(lapsed)
        this.#tick(record.now)
      }
    }
    if (this.#isolations) return this.#reject("open", Infinity)
    const wait = record.state === "closed" && this.#store?.holdsBack && this.#store.holdBack()
    const permit = wait ? "too-many" : admit(record, this.#policy)
    if (typeof permit === "string") {
      this.#store?.rejected(lapsed !== undefined)
      return this.#reject(permit, wait || retryAfter(record, this.#policy))
    }
    this.#listeners?.announce()
    return permit
  }

  #reject(why: "open" | "too-many", wait: number): CircuitBreakerError | undefined {
    const error = withoutStack(why === "open" ? OpenStateError : TooManyRequestsError, {
      breaker: this.name,
      state: this.#isolations ? "open" : this.#record.state,
      retryAfter: wait,
      cause: this.#cause,
    })
    this.#listeners?.queue("rejected", { error })
    this.#listeners?.announce()
    return this.#settings.mode === "shadow" ? undefined : error
  }

  #callOf(permit: Permit | undefined): Call {
    const start = this.#start()
    return start === undefined ? this.#sharedCall(permit) : this.#makeCall(permit, start)
  }

  #sharedCall(permit: Permit | undefined): Call {
    let call = this.#call
    if (!call || call.permit !== permit) this.#call = call = this.#makeCall(permit, undefined)
    return call
  }

  // A separate function: one that creates closures has to allocate a context at each call.
  #makeCall(permit: Permit | undefined, start: number | undefined): Call {
    return {
      permit,
      fulfilled: (result) => {
        const record = this.#record
        if (this.#plain && permit === record.permit) {
          book(record, this.#policy, permit, "success", false)
          this.#store?.settled(permit, "success", true, false)
        } else {
          this.#judged(permit, start, judge(this.#settings, undefined, result))
        }
        return result
      },
      rejected: (error) => rejection(this.#judged(permit, start, judgeError(this.#settings, error))),
    }
  }

  /** Settles a call, and returns the error that its caller gets. */
  #judged(permit: Permit | undefined, start: number | undefined, judgement: Judgement): unknown {
    this.#settle(permit, start, judgement.outcome, judgement)
    return judgement.error
  }

  #settle(permit: Permit | undefined, start: number | undefined, outcome: Outcome, evidence?: Evidence): void {
    const record = this.#record
    const policy = this.#policy
    const { mode, slowCallDuration = Infinity } = this.#settings
    if (mode === "disabled") return
    const isTimely = this.#needsTime(outcome) || record.state !== "closed"
    const now = isTimely || start !== undefined ? this.#now() : NaN
    const duration = start === undefined ? undefined : Math.max(now - start, 0)
    const slow = duration !== undefined && duration > slowCallDuration
    // Only then: the counts must not depend on whether anyone wants to know the duration.
    const ticks = isTimely || slow
    if (ticks) this.#tick(now)
    const counted = permit?.generation === record.generation
    const change = permit && settle(record, policy, permit, outcome, slow, evidence)
    if (change?.to === "open") openFrom(record, Number.isNaN(now) ? this.#now() : now)
    if (this.#listeners?.outcomes) this.#listeners.queue(outcome, { duration, error: evidence?.error, counted })
    this.#changed(change, evidence?.error)
    if (permit) this.#store?.settled(permit, outcome, counted, slow, evidence?.retryAfter, change)
    this.#listeners?.announce()
  }

  #changed(change: Transition | undefined, error?: unknown): void {
    if (!change) return
    if (change.to !== "half-open") this.#cause = error
    // While isolated, the breaker is open to the outside, whatever changes underneath.
    if (!this.#isolations) this.#listeners?.queue("statechange", { ...change, error: this.#cause })
  }
}

/**
 * What a handler returns so that its promise rejects with `error`. To throw the error would cost more than
 * all the rest of a failed call.
 */
function rejection(error: unknown): PromiseLike<never> {
  return { then: (_, reject) => reject!(error) as never }
}

// A bare signal, as other breakers take it, would be ignored.
const OPTIONS: Rule = ["{ signal, callTimeout }", (value) => value == null || (OBJECT[1](value) && !isSignal(value))]
const SIGNAL: Rule = ["an AbortSignal", (value) => value == null || isSignal(value)]
const OUTCOME = /* @__PURE__ */ oneOf("success", "failure", "excluded")
