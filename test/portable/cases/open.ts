/** The results of calls while the breaker is open, and how it recovers. */
import {
  CircuitBreakerError,
  consecutiveFailures,
  findCircuitBreakerError,
  OpenStateError,
  TooManyRequestsError,
  wrapFetch,
  type BreakerFetch,
  type FetchSettings,
} from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { manualClock, type ManualClock } from "../manual-clock.ts"
import { outcomes } from "../outcomes.ts"
import { target } from "../target.ts"

const TIMEOUT = 30_000

interface Opened {
  readonly fetch: BreakerFetch
  readonly clock: ManualClock
}

/** A fetch whose breaker for `t.origin` has just been opened by a 503. */
async function opened(t: Context, settings: FetchSettings = {}): Promise<Opened> {
  const clock = manualClock()
  const rule = consecutiveFailures(1)
  const fetch = wrapFetch(undefined, { ...rule, timeout: TIMEOUT, clock, ...settings })
  await fetch(target(t, "/status/503").url)
  t.equal(fetch.breakers.get(t.origin)?.state, "open")
  return { fetch, clock }
}

async function halfOpen(t: Context, settings?: FetchSettings): Promise<Opened> {
  const result = await opened(t, settings)
  result.clock.time += TIMEOUT + 1
  t.equal(result.fetch.breakers.get(t.origin)?.state, "half-open")
  return result
}

export const cases: Case[] = [
  {
    name: "a rejected call makes no request, and its error has the breaker and the time to wait",
    async run(t) {
      const { fetch, clock } = await opened(t)
      clock.time += 10_000
      const { url, hits } = target(t, "/ok")
      const error = await t.rejects(fetch(url), {
        name: "OpenStateError",
        code: "ERR_OPEN_STATE",
        breaker: t.origin,
        state: "open",
        retryAfter: 20_000,
        cause: undefined,
        message: `circuit breaker "${t.origin}" is open`,
      })
      t.ok(error instanceof OpenStateError && error instanceof CircuitBreakerError)
      t.ok(error instanceof Error)
      t.equal(findCircuitBreakerError(new Error("wrapped", { cause: error })), error)
      t.equal(await hits(), 0)
    },
  },
  {
    name: "a rejection names the error that opened the breaker as its cause",
    async run(t) {
      const fetch = wrapFetch(undefined, consecutiveFailures(1))
      const failure = await t.rejects(fetch(`${t.refused}/`))
      const error = await t.rejects(fetch(`${t.refused}/`), { breaker: t.refused })
      t.equal((error as Error).cause, failure)
    },
  },
  {
    name: "an open breaker does not affect other origins",
    async run(t) {
      const { fetch } = await opened(t)
      t.equal((await fetch(target(t, "/ok", t.otherOrigin).url)).status, 200)
      await t.rejects(fetch(target(t, "/ok").url), { code: "ERR_OPEN_STATE" })
    },
  },
  {
    name: "by default the sixth failure in a row opens the breaker for a minute",
    async run(t) {
      const clock = manualClock()
      const fetch = wrapFetch(undefined, { clock })
      const { url, hits } = target(t, "/status/500")
      for (let call = 1; call <= 6; call++) t.equal((await fetch(url)).status, 500)
      await t.rejects(fetch(url), { retryAfter: 60_000 })
      t.equal(await hits(), 6)
    },
  },
  {
    name: "a half-open breaker admits maxRequests of many simultaneous calls",
    async run(t) {
      const { fetch } = await halfOpen(t, { maxRequests: 3 })
      const places = Array.from({ length: 20 }, () => target(t, "/slow?ms=200"))
      const results = await Promise.allSettled(places.map(({ url }) => fetch(url)))
      const hits = await Promise.all(places.map((place) => place.hits()))
      t.equal(hits.reduce((sum, number) => sum + number, 0), 3)
      for (const [index, result] of results.entries()) {
        t.equal(result.status, index < 3 ? "fulfilled" : "rejected")
        if (result.status === "fulfilled") continue
        t.ok(result.reason instanceof TooManyRequestsError)
        t.equal(result.reason.code, "ERR_TOO_MANY_REQUESTS")
        t.equal(result.reason.state, "half-open")
        t.equal(result.reason.retryAfter, TIMEOUT)
      }
      t.equal(fetch.breakers.get(t.origin)?.state, "closed")
    },
  },
  {
    name: "a breaker recovers when its probe succeeds",
    async run(t) {
      const changes: string[] = []
      const { fetch, clock } = await opened(t, {
        onStateChange: (name, from, to) => changes.push(`${name} ${from} ${to}`),
      })
      clock.time += TIMEOUT
      await t.rejects(fetch(target(t, "/ok").url), { code: "ERR_OPEN_STATE", retryAfter: 1 })
      clock.time += 1
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      t.equal(fetch.breakers.get(t.origin)?.state, "closed")
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      outcomes(t, fetch, { successes: 1 })
      t.deepEqual(changes, [
        `${t.origin} closed open`,
        `${t.origin} open half-open`,
        `${t.origin} half-open closed`,
      ])
    },
  },
  {
    name: "a breaker opens again when its probe fails",
    async run(t) {
      const { fetch } = await halfOpen(t)
      t.equal((await fetch(target(t, "/status/502").url)).status, 502)
      await t.rejects(fetch(target(t, "/ok").url), { code: "ERR_OPEN_STATE", retryAfter: TIMEOUT })
    },
  },
  {
    name: "a probe that never settles is given up after the open period",
    async run(t) {
      const { fetch, clock } = await halfOpen(t)
      const controller = new AbortController()
      const { url, arrival } = target(t, "/hang")
      const lost = t.rejects(fetch(url, { signal: controller.signal }))
      await arrival()
      clock.time += TIMEOUT + 1
      await t.rejects(fetch(target(t, "/ok").url), { code: "ERR_OPEN_STATE" })
      clock.time += TIMEOUT
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      t.equal(fetch.breakers.get(t.origin)?.state, "closed")
      controller.abort()
      await lost
      outcomes(t, fetch, {})
    },
  },
  {
    name: 'rejectWith: "response" answers 503 with Retry-After, without a request',
    async run(t) {
      const { fetch, clock } = await opened(t, { rejectWith: "response" })
      clock.time += 10_500
      const { url, hits } = target(t, "/ok")
      const response = await fetch(url)
      t.ok(response instanceof Response)
      t.equal(response.status, 503)
      t.equal(response.statusText, "Service Unavailable")
      t.equal(response.headers.get("retry-after"), "20")
      t.equal(await response.text(), `circuit breaker "${t.origin}" is open`)
      t.equal(await hits(), 0)
    },
  },
  {
    name: 'rejectWith: "response" leaves network errors alone',
    async run(t) {
      const fetch = wrapFetch(undefined, { rejectWith: "response" })
      await t.rejects(fetch(`${t.refused}/`))
      outcomes(t, fetch, { failures: 1 }, t.refused)
    },
  },
  {
    name: "fallback replaces a rejected call, without a request",
    async run(t) {
      const asked: [error: unknown, url: string][] = []
      const { fetch } = await opened(t, {
        rejectWith: "response",
        fallback: (error, request) => {
          asked.push([error, request.url])
          return new Response("instead")
        },
      })
      const { url, hits } = target(t, "/ok")
      t.equal(await (await fetch(url)).text(), "instead")
      t.equal(asked.length, 1)
      t.ok(asked[0]?.[0] instanceof OpenStateError)
      t.equal(asked[0]?.[1], url)
      t.equal(await hits(), 0)
    },
  },
  {
    name: "fallback replaces a call that failed without a response",
    async run(t) {
      const fetch = wrapFetch(undefined, {
        fallback: async (_, request) => new Response(`${request.method} ${request.url}`),
      })
      const response = await fetch(`${t.refused}/`, { method: "PUT", body: "x" })
      t.equal(await response.text(), `PUT ${t.refused}/`)
      outcomes(t, fetch, { failures: 1 }, t.refused)
    },
  },
  {
    name: "fallback replaces a call past callTimeout",
    async run(t) {
      const fetch = wrapFetch(undefined, {
        callTimeout: 100,
        fallback: (error) => new Response((error as Error).name),
      })
      t.equal(await (await fetch(target(t, "/hang").url)).text(), "TimeoutError")
      outcomes(t, fetch, { failures: 1 })
    },
  },
  {
    name: "fallback does not change the result of a call if it returns undefined",
    async run(t) {
      const { fetch } = await opened(t, { rejectWith: "response", fallback: () => undefined })
      t.equal((await fetch(target(t, "/ok").url)).status, 503)
      const failure = await t.rejects(fetch(`${t.refused}/`))
      t.equal(findCircuitBreakerError(failure), undefined)
    },
  },
  {
    name: "fallback is not asked about responses, aborted calls and refused arguments",
    async run(t) {
      let asked = 0
      const fetch = wrapFetch(undefined, {
        fallback: () => {
          asked += 1
          return new Response("instead")
        },
      })
      t.equal((await fetch(target(t, "/status/503").url)).status, 503)
      await t.rejects(fetch(target(t, "/ok").url, { headers: { "not a name": "" } }))
      await t.rejects(fetch(target(t, "/ok").url, { signal: AbortSignal.abort() }))
      await t.rejects(fetch(target(t, "/hang").url, { signal: AbortSignal.timeout(50) }))
      t.equal(asked, 0)
    },
  },
  {
    name: "fallback is not asked about calls that isExcluded excludes",
    async run(t) {
      const fetch = wrapFetch(undefined, {
        isExcluded: (error) => error !== undefined,
        fallback: () => new Response("instead"),
      })
      await t.rejects(fetch(`${t.refused}/`))
      outcomes(t, fetch, { exclusions: 1 }, t.refused)
    },
  },
  {
    name: 'mode: "shadow" announces rejections and rejects nothing',
    async run(t) {
      const { fetch } = await opened(t, { mode: "shadow" })
      const rejections: unknown[] = []
      const breaker = fetch.breakers.get(t.origin)
      breaker?.addEventListener("rejected", ({ error }) => void rejections.push(error))
      const { url, hits } = target(t, "/ok")
      t.equal((await fetch(url)).status, 200)
      t.equal(await hits(), 1)
      t.equal(rejections.length, 1)
      t.ok(rejections[0] instanceof OpenStateError)
    },
  },
  {
    name: "an isolated breaker rejects until it is released",
    async run(t) {
      const fetch = wrapFetch(undefined, { rejectWith: "response" })
      await fetch(target(t, "/ok").url)
      const isolation = fetch.breakers.get(t.origin)?.isolate()
      const { url, hits } = target(t, "/ok")
      const response = await fetch(url)
      t.equal(response.status, 503)
      t.equal(response.headers.get("retry-after"), null)
      isolation?.release()
      t.equal((await fetch(url)).status, 200)
      t.equal(await hits(), 1)
    },
  },
]
