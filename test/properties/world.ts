/**
 * A breaker in a small world: a clock that only the test moves, calls under way, and random steps. Plans and
 * steps are plain data, so that counterexamples are readable.
 */
import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import { expect, vi } from "vitest"
import { CircuitBreaker, CircuitBreakerError } from "../../src/index.ts"
import type { BreakerSnapshot, Counts, Done, Isolation, OpenContext, Outcome, Settings, State } from "../../src/index.ts"

// A property takes at most a second, but longer on a busy machine.
vi.setConfig({ testTimeout: 60_000 })
// Callbacks that throw are reported, which is expected here.
vi.stubGlobal("reportError", () => {})

/** The same as `expect(actual).toEqual(expected)`, but a hundred times faster when it holds. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, what).toEqual(expected)
}

export const HOUR = 3_600_000
/** The open period of a breaker whose `timeout` returns an invalid value. */
export const DEFAULT_TIMEOUT = 60_000

type Callback<A> = (argument: A, breaker: CircuitBreaker) => unknown

const RULES = {
  default: ({ consecutiveFailures }) => consecutiveFailures > 5,
  "two in a row": ({ consecutiveFailures }) => consecutiveFailures >= 2,
  half: ({ requests, totalFailures }) => requests >= 3 && totalFailures / requests >= 0.5,
  always: () => true,
  never: () => false,
  throws: () => fail(),
  "returns a string": () => "yes",
  "returns a promise": async () => true,
  "changes its argument": (counts) => Object.assign(counts, { requests: -1, consecutiveFailures: 99 }) && false,
  reads: (_, breaker) => breaker.state === "closed" && breaker.retryAfter === 0 && breaker.snapshot().version === 1,
  trips: (_, breaker) => (breaker.trip(), true),
  resets: (_, breaker) => (breaker.reset(), true),
  isolates: (_, breaker) => (breaker.isolate().release(), true),
  calls: (_, breaker) => (breaker.allow()("failure"), breaker.allow()("success"), true),
} satisfies Record<string, Callback<Counts>>

const TIMEOUTS = {
  doubles: ({ opens }) => Math.min(100 * 2 ** (opens - 1), 5_000),
  throws: () => fail(),
  "returns a negative number": () => -1,
  reads: (_, breaker) => 400 + breaker.counts.requests + Math.sign(breaker.retryAfter),
  resets: (_, breaker) => (breaker.reset(), 300),
} satisfies Record<string, Callback<OpenContext>>

function fail(): never {
  throw new Error("a callback threw")
}

/** Settings of a breaker, as data. */
export interface Plan {
  readonly maxRequests: number
  readonly window: Pick<Settings, "interval" | "bucketPeriod" | "countAt" | "windowSize">
  readonly timeout: number | keyof typeof TIMEOUTS
  readonly probeTimeout: number | undefined
  readonly slowCallDuration: number | undefined
  readonly rule: keyof typeof RULES
  readonly mode: "enforce" | "shadow"
  /** Whether there are listeners: without them a breaker reads its clock less often. Shadow mode always has one here. */
  readonly listened: boolean
}

export type Step =
  | { readonly do: "allow" | "trip" | "reset" | "isolate" | "read" }
  | { readonly do: "settle"; readonly call: number; readonly outcome: Outcome; readonly retryAfter?: number }
  | { readonly do: "clock"; readonly by: number }
  | { readonly do: "release"; readonly handle: number }
  | { readonly do: "restore"; readonly origin: number }

const names = <T extends object>(of: T): fc.Arbitrary<keyof T> => fc.constantFrom(...(Object.keys(of) as (keyof T)[]))
export const ms: fc.Arbitrary<number> = fc.integer({ min: 1, max: 2_000 })

export const windows: Record<"none" | "fixed" | "rolling" | "ended" | "last", fc.Arbitrary<Plan["window"]>> = {
  none: fc.constant({}),
  fixed: fc.record({ interval: ms }),
  rolling: fc.record({ interval: ms, bucketPeriod: fc.integer({ min: 50, max: 900 }) }),
  ended: fc.record({ interval: ms, bucketPeriod: fc.integer({ min: 50, max: 900 }), countAt: fc.constant("end" as const) }),
  last: fc.record({ windowSize: fc.integer({ min: 1, max: 5 }) }),
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  maxRequests: fc.integer({ min: 0, max: 4 }),
  window: fc.oneof(...Object.values(windows)),
  timeout: fc.oneof({ weight: 3, arbitrary: ms }, fc.constant(0), names(TIMEOUTS)),
  probeTimeout: fc.oneof(fc.constantFrom(undefined, 0), ms),
  slowCallDuration: fc.option(ms, { nil: undefined, freq: 1 }),
  rule: fc.oneof(fc.constantFrom("two in a row" as const, "always" as const), names(RULES)),
  mode: fc.constantFrom("enforce", "enforce", "shadow"),
  listened: fc.boolean(),
})

/** The simplest plan, as a base for examples. */
export const PLAIN: Plan = {
  maxRequests: 1,
  window: {},
  timeout: 100,
  probeTimeout: undefined,
  slowCallDuration: undefined,
  rule: "always",
  mode: "enforce",
  listened: false,
}

const outcome = fc.constantFrom<Outcome[]>("success", "failure", "excluded")
/** Which call is settled, counted from the latest. Some calls are settled again and again, and some never. */
const which = fc.nat(7)
const weigh = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary })

/** Moves of the clock: small and large steps, forward and back. */
export const moves: fc.Arbitrary<number> = fc.oneof(
  weigh(6, fc.nat(2_000)),
  weigh(2, fc.nat(2_000).map((by) => -by)),
  weigh(1, fc.constantFrom(HOUR, -HOUR)),
)

/** Random steps. By default they include all moves of the clock. */
export function stepsOf(move: fc.Arbitrary<number> = moves, without: readonly Step["do"][] = []): fc.Arbitrary<Step[]> {
  const simple = fc.constantFrom<("trip" | "reset" | "isolate" | "read")[]>("trip", "reset", "isolate", "read")
  const all: fc.WeightedArbitrary<Step>[] = [
    weigh(9, fc.constant<Step>({ do: "allow" })),
    weigh(7, fc.record({ do: fc.constant("settle"), call: which, outcome })),
    weigh(1, fc.record({ do: fc.constant("settle"), call: which, outcome, retryAfter: ms })),
    weigh(8, fc.record({ do: fc.constant("clock"), by: move })),
    weigh(3, simple.map((name): Step => ({ do: name }))),
    weigh(1, fc.record({ do: fc.constant("release"), handle: fc.nat(2) })),
    weigh(1, fc.record({ do: fc.constant("restore"), origin: fc.integer({ min: -HOUR, max: 2 * HOUR }) })),
  ]
  return fc.array(fc.oneof(...all).filter((step) => !without.includes(step.do)), { maxLength: 60, size: "max" })
}

/** A clock that only the test moves. */
export class TestClock {
  time: number
  /** The time that passed for readers of the clock: the sum of all steps forward between readings. */
  seen = 0
  /** How far each reading moves the clock, since real time also passes within an operation. */
  drift = 0
  #last: number | undefined

  constructor(time: number) {
    this.time = time
  }

  now(): number {
    this.time += this.drift
    this.seen += Math.max(this.time - (this.#last ?? this.time), 0)
    this.#last = this.time
    return this.time
  }

  /** Sets the time as in another process, whose readings are unrelated to those before. */
  rebase(time: number): void {
    this.time = time
    this.#last = undefined
  }
}

export interface TestCall {
  readonly done: Done
  /** Whether the breaker admitted it, rather than shadow mode alone. */
  readonly counted: boolean
  settled: boolean
}

/** An event, as plain data. */
export interface Announced {
  readonly type: string
  readonly from?: State
  readonly to?: State
  readonly [field: string]: unknown
}

export class World {
  readonly plan: Plan
  readonly clock: TestClock
  breaker: CircuitBreaker
  calls: TestCall[] = []
  isolations: Isolation[] = []
  events: Announced[] = []
  /** Rejections of the latest step. */
  rejections: CircuitBreakerError[] = []
  /** The length of the latest open period, by the `timeout` of the plan. */
  length: number
  #nested = false

  constructor(plan: Plan, origin = 0, snapshot?: BreakerSnapshot) {
    this.plan = plan
    this.clock = new TestClock(origin)
    this.length = Number(plan.timeout) || DEFAULT_TIMEOUT
    this.breaker = this.create(snapshot)
  }

  create(snapshot?: unknown, clock: TestClock = this.clock): CircuitBreaker {
    const { window, rule, timeout, listened, ...rest } = this.plan
    const breaker: CircuitBreaker = new CircuitBreaker({
      ...rest,
      ...window,
      clock,
      snapshot,
      // A rule that is called within itself says yes, since it would never end otherwise.
      readyToTrip: (counts) => this.#once(() => RULES[rule](counts, breaker) as boolean, true),
      timeout: typeof timeout === "number" ? timeout : (context) => this.#period(TIMEOUTS[timeout], context, breaker),
    })
    if (!listened && rest.mode !== "shadow") return breaker
    for (const type of ["statechange", "success", "failure", "excluded", "rejected"] as const) {
      breaker.addEventListener(type, (event) => {
        const { from, to, counts, duration, counted, error } = event as unknown as Announced
        if (type === "rejected" && rest.mode === "shadow") this.rejections.push(error as CircuitBreakerError)
        this.events.push(type === "statechange" ? { type, from: from as State, to: to as State, counts } : { type, duration, counted })
      })
    }
    return breaker
  }

  #once<T>(ask: () => T, otherwise: T): T {
    if (this.#nested) return otherwise
    this.#nested = true
    try {
      return ask()
    } finally {
      this.#nested = false
    }
  }

  #period(callback: Callback<OpenContext>, context: OpenContext, breaker: CircuitBreaker): number {
    this.length = DEFAULT_TIMEOUT
    const answer = callback(context, breaker) as number
    if (answer > 0) this.length = answer
    return answer
  }

  /** Makes a call. Returns `undefined` if the breaker rejects it, or would reject it in shadow mode. */
  allow(): TestCall | undefined {
    let done: Done | undefined
    this.rejections = []
    try {
      done = this.breaker.allow()
    } catch (error) {
      if (!(error instanceof CircuitBreakerError)) throw error
      this.rejections.push(error)
    }
    if (!done) return undefined
    const call = { done, counted: this.rejections.length === 0, settled: false }
    this.calls.push(call)
    return call.counted ? call : undefined
  }

  /** The call that a step settles, if there is one. */
  named({ call }: { readonly call: number }): TestCall | undefined {
    return this.calls.at(-1 - (call % (this.calls.length || 1)))
  }

  /** Takes a step, and returns its result as plain data. */
  take(step: Step): unknown {
    const { breaker } = this
    this.rejections = []
    switch (step.do) {
      case "allow": {
        const admitted = this.allow() !== undefined
        const { code, state, retryAfter } = this.rejections[0] ?? {}
        return { admitted, code, state, retryAfter }
      }
      case "settle": {
        const call = this.named(step)
        call?.done(step.outcome, step.retryAfter === undefined ? undefined : { retryAfter: step.retryAfter })
        if (call) call.settled = true
        return undefined
      }
      case "clock":
        this.clock.time += step.by
        return undefined
      case "isolate":
        this.isolations.push(breaker.isolate())
        return undefined
      case "release":
        return this.isolations.splice(step.handle, 1)[0]?.release()
      case "restore":
        return this.restore(step.origin)
      case "read":
        return { state: breaker.state, retryAfter: breaker.retryAfter, counts: breaker.counts }
      default:
        return breaker[step.do]()
    }
  }

  /** Restores the breaker as in another process. Calls under way and isolations are lost. */
  restore(origin: number): void {
    const snapshot: unknown = JSON.parse(JSON.stringify(this.breaker.snapshot()))
    this.clock.rebase(origin)
    this.calls = []
    this.isolations = []
    this.events = []
    this.breaker = this.create(snapshot)
  }

  releaseAll(): void {
    for (const isolation of this.isolations.splice(0)) isolation.release()
  }
}
