/** These tests are checked by the compiler, not by running: `npx tsc -p test/tsconfig.json`. */
import { describe, expect, expectTypeOf, test } from "vitest"
import {
  anyOf,
  CircuitBreaker,
  consecutiveFailures,
  exponentialBackoff,
  failureRate,
  findCircuitBreakerError,
  OpenStateError,
  slowCallRate,
  TooManyRequestsError,
  wrapFetch,
  type BreakerSnapshot,
  type CircuitBreakerError,
  type Counts,
  type Done,
  type FetchSettings,
  type Outcome,
  type Settings,
  type State,
} from "../../src/index.ts"

/** Its argument is compiled but never run. */
const compiled = (_: (breaker: CircuitBreaker) => unknown): void => {
  expect.assertions(0)
}

describe("the type of execute()", () => {
  test("follows what the function returns: sync, async, thenable, union, generic #72", () => {
    compiled((breaker) => {
      expectTypeOf(breaker.execute(() => 1)).toEqualTypeOf<Promise<number>>()
      expectTypeOf(breaker.execute(async () => "text")).toEqualTypeOf<Promise<string>>()
      expectTypeOf(breaker.execute(() => ({}) as PromiseLike<Date>)).toEqualTypeOf<Promise<Date>>()
      expectTypeOf(breaker.execute(() => {})).toEqualTypeOf<Promise<void>>()
      expectTypeOf(breaker.execute(() => fetch("/"))).toEqualTypeOf<Promise<Response>>()
      expectTypeOf(breaker.execute(() => 1 as number | undefined)).toEqualTypeOf<
        Promise<number | undefined>
      >()
      expectTypeOf(breaker.execute<string | null>(() => null)).toEqualTypeOf<
        Promise<string | null>
      >()
      const get = <T>(make: () => Promise<T>): Promise<T> => breaker.execute(make)
      expectTypeOf(get(async () => [1])).toEqualTypeOf<Promise<number[]>>()
    })
  })

  test("hands the function a signal that may be missing, and takes options #72", () => {
    compiled((breaker) => {
      void breaker.execute((signal) =>
        expectTypeOf(signal).toEqualTypeOf<AbortSignal | undefined>(),
      )
      void breaker.execute((signal) => fetch("/", { signal: signal ?? null }))
      void breaker.execute(() => 1, { signal: new AbortController().signal, callTimeout: 5 })
      void breaker.execute(() => 1, { signal: undefined, callTimeout: undefined })
      // @ts-expect-error a promise means that the call was already made
      void breaker.execute(fetch("/"))
      // @ts-expect-error a function with other arguments cannot be called by the breaker
      void breaker.execute((url: string) => fetch(url))
      // @ts-expect-error a misspelt option
      void breaker.execute(() => 1, { timeout: 5 })
      // @ts-expect-error a controller is not its signal
      void breaker.execute(() => 1, { signal: new AbortController() })
    })
  })
})

describe("the types of the other members", () => {
  test("are readonly, and as documented #72", () => {
    compiled((breaker) => {
      expectTypeOf(breaker.name).toEqualTypeOf<string>()
      expectTypeOf(breaker.state).toEqualTypeOf<State>()
      expectTypeOf<State>().toEqualTypeOf<"closed" | "half-open" | "open">()
      expectTypeOf<Outcome>().toEqualTypeOf<"success" | "failure" | "excluded">()
      expectTypeOf(breaker.counts).toEqualTypeOf<Counts>()
      expectTypeOf(breaker.retryAfter).toEqualTypeOf<number>()
      expectTypeOf(breaker.snapshot()).toEqualTypeOf<BreakerSnapshot>()
      expectTypeOf(breaker.allow()).toEqualTypeOf<Done>()
      expectTypeOf(breaker.isolate().release).toEqualTypeOf<() => void>()
      // @ts-expect-error the state is changed by trip() and reset()
      breaker.state = "open"
      // @ts-expect-error the name is fixed by the settings
      breaker.name = "other"
      // @ts-expect-error unknown outcome
      breaker.allow()("ok")
    })
  })

  test("give each listener the event of its type #72", () => {
    compiled((breaker) => {
      breaker.addEventListener("statechange", (event) => {
        expectTypeOf(event.from).toEqualTypeOf<State>()
        expectTypeOf(event.counts).toEqualTypeOf<Counts>()
      })
      breaker.addEventListener("failure", ({ duration, error }) => {
        expectTypeOf(duration).toEqualTypeOf<number | undefined>()
        expectTypeOf(error).toBeUnknown()
      })
      breaker.addEventListener("rejected", ({ error }) =>
        expectTypeOf(error).toEqualTypeOf<CircuitBreakerError>(),
      )
      breaker.addEventListener("success", {
        handleEvent: (event) => expectTypeOf(event.type).toEqualTypeOf<Outcome>(),
      })
      // @ts-expect-error there is no event of this name
      breaker.addEventListener("open", () => {})
      // @ts-expect-error a statechange has no duration
      breaker.addEventListener("statechange", ({ duration }) => duration)
    })
  })
})

describe("the type Settings", () => {
  test("accepts valid settings, including classifiers of a Response #72", () => {
    const settings: Settings[] = [
      {},
      { timeout: 5, maxRequests: undefined },
      { timeout: ({ opens, retryAfter = 0 }) => Math.max(opens * 10, retryAfter) },
      {
        isSuccessful: (error, response: Response | undefined) =>
          error === undefined && response?.status !== 503,
      },
      {
        isExcluded: (error) => error instanceof TypeError,
        readyToTrip: ({ totalFailures }) => totalFailures > 2,
      },
      {
        ...failureRate({ threshold: 0.5, within: 1_000 }),
        ...exponentialBackoff({ initial: 1, max: 2 }),
      },
      {
        ...anyOf(consecutiveFailures(5), slowCallRate({ threshold: 0.5, slowerThan: 9, last: 20 })),
      },
      { snapshot: JSON.parse("{}") as unknown, clock: performance, mode: "shadow" },
      {
        clock: { now: () => 0 },
        onStateChange: (...args) => expectTypeOf(args).toEqualTypeOf<[name: string, from: State, to: State]>(),
      },
    ]
    for (const each of settings) expect(() => new CircuitBreaker(each)).not.toThrow()
    const typed: Settings<Response> = { isSuccessful: (_, response) => response?.ok ?? false }
    expectTypeOf(typed).toExtend<Settings>()
  })

  test("refuses invalid settings #72", () => {
    compiled(() => [
      // @ts-expect-error a duration is a number
      new CircuitBreaker({ timeout: "5s" }),
      // @ts-expect-error misspelt
      new CircuitBreaker({ maxRequest: 5 }),
      // @ts-expect-error unknown mode
      new CircuitBreaker({ mode: "off" }),
      // @ts-expect-error the answer must be synchronous
      new CircuitBreaker({ readyToTrip: async () => true }),
      // @ts-expect-error a clock is an object
      new CircuitBreaker({ clock: Date.now }),
      // @ts-expect-error a rate needs a window
      failureRate({ threshold: 0.5 }),
      // @ts-expect-error one window, not two
      failureRate({ threshold: 0.5, within: 1_000, last: 10 }),
    ])
  })
})

describe("the types of errors and of wrapFetch()", () => {
  test("distinguish the errors by class and by code #72", () => {
    compiled(() => {
      const error = findCircuitBreakerError(undefined)
      expectTypeOf(error).toEqualTypeOf<CircuitBreakerError | undefined>()
      if (error instanceof OpenStateError)
        expectTypeOf(error.code).toEqualTypeOf<"ERR_OPEN_STATE">()
      if (error instanceof TooManyRequestsError)
        expectTypeOf(error.code).toEqualTypeOf<"ERR_TOO_MANY_REQUESTS">()
      expectTypeOf<CircuitBreakerError["code"]>().toEqualTypeOf<
        "ERR_OPEN_STATE" | "ERR_TOO_MANY_REQUESTS"
      >()
      expectTypeOf<CircuitBreakerError["retryAfter"]>().toEqualTypeOf<number>()
    })
  })

  test("let a wrapped fetch replace fetch, and a fallback return a Response or undefined #72", () => {
    compiled(() => {
      expectTypeOf(wrapFetch()).toExtend<typeof fetch>()
      const settings: FetchSettings[] = [
        { fallback: () => undefined },
        { fallback: async (_, request) => (request.method === "GET" ? new Response() : undefined) },
        { isSuccessful: (error, response) => error === undefined && response?.status !== 500 },
        // @ts-expect-error a text is not a Response
        { fallback: () => "text" },
      ]
      return settings
    })
  })
})
