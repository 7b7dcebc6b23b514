/** Which breaker a call belongs to, and which breakers a registry keeps. */
import { consecutiveFailures, wrapFetch, type FetchSettings } from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { manualClock } from "../manual-clock.ts"
import { outcomes } from "../outcomes.ts"
import { pause } from "../pause.ts"
import { target, type Target } from "../target.ts"

/** One origin, many keys: the query has the key. */
const byQuery: FetchSettings = {
  key: (request) => new URL(request.url).searchParams.get("key") ?? undefined,
}

const place = (t: Context, key: string, path = "/ok"): Target =>
  target(t, `${path}${path.includes("?") ? "&" : "?"}key=${key}`)

const keys = (fetch: ReturnType<typeof wrapFetch>): string[] =>
  [...fetch.breakers].map(([key]) => key)

export const cases: Case[] = [
  {
    name: "by default each origin has a breaker of its own",
    async run(t) {
      const fetch = wrapFetch()
      await fetch(target(t, "/ok").url)
      await fetch(target(t, "/status/503", t.otherOrigin).url)
      t.deepEqual(keys(fetch), [t.origin, t.otherOrigin])
      t.equal(fetch.breakers.get(t.origin)?.name, t.origin)
      outcomes(t, fetch, { successes: 1 })
      outcomes(t, fetch, { failures: 1 }, t.otherOrigin)
    },
  },
  {
    name: "key() gets the method, the URL and the headers, also those of a Request",
    async run(t) {
      const seen: string[] = []
      const fetch = wrapFetch(undefined, {
        key: (request) => {
          seen.push(`${request.method} ${request.headers.get("x-tenant")} ${request.url}`)
          return "one"
        },
      })
      const { url } = target(t, "/echo")
      await fetch(url, { method: "PUT", headers: { "X-Tenant": "a" }, body: "x" })
      const request = new Request(url, { method: "POST", headers: { "X-Tenant": "b" }, body: "x" })
      await fetch(request)
      await fetch(new URL(url), { method: "DELETE" })
      t.deepEqual(seen, [`PUT a ${url}`, `POST b ${url}`, `DELETE null ${url}`])
      t.deepEqual(keys(fetch), ["one"])
    },
  },
  {
    name: "key() gets a request without its body",
    async run(t) {
      const texts: Promise<string>[] = []
      const fetch = wrapFetch(undefined, {
        key: (request) => {
          texts.push(request.text())
          return "one"
        },
      })
      const { url } = target(t, "/echo")
      const request = new Request(url, { method: "POST", body: "mine" })
      const echo = (await (await fetch(request)).json()) as { body: string }
      t.equal(echo.body, "mine")
      t.deepEqual(await Promise.all(texts), [""])
    },
  },
  {
    name: "a call without a key goes straight through",
    async run(t) {
      const fetch = wrapFetch(undefined, { ...byQuery, ...consecutiveFailures(1) })
      const { url, hits } = target(t, "/status/503")
      for (let call = 1; call <= 3; call++) t.equal((await fetch(url)).status, 503)
      t.equal(await hits(), 3)
      t.equal(fetch.breakers.size, 0)
    },
  },
  {
    name: "a data: URL has no origin and goes straight through",
    async run(t) {
      const fetch = wrapFetch()
      t.equal(await (await fetch("data:,text")).text(), "text")
      t.equal(fetch.breakers.size, 0)
    },
  },
  {
    name: "a blob: URL names an origin, does not go there, and goes straight through",
    async run(t) {
      const gone = async (): Promise<never> => Promise.reject(new TypeError("no such blob"))
      for (const settings of [{}, byQuery]) {
        const fetch = wrapFetch(gone, { ...settings, ...consecutiveFailures(1) })
        await t.rejects(fetch(`blob:${t.origin}/1b4e28ba?key=any`))
        t.equal(fetch.breakers.size, 0)
      }
    },
  },
  {
    name: "perKey() is asked once for each key, and its settings take precedence",
    async run(t) {
      const asked: string[] = []
      const fetch = wrapFetch(undefined, {
        ...byQuery,
        ...consecutiveFailures(3),
        perKey: (key) => {
          asked.push(key)
          return key === "weak" ? { ...consecutiveFailures(1), name: "the weak one" } : {}
        },
      })
      for (const key of ["weak", "strong", "strong"]) {
        await fetch(place(t, key, "/status/500").url)
      }
      t.deepEqual(asked, ["weak", "strong"])
      t.equal(fetch.breakers.get("strong")?.state, "closed")
      const { url, hits } = place(t, "weak")
      await t.rejects(fetch(url), { breaker: "the weak one" })
      t.equal(await hits(), 0)
    },
  },
  {
    name: "the least recently used breaker is dropped when a new one needs room",
    async run(t) {
      const fetch = wrapFetch(undefined, { ...byQuery, maxBreakers: 2 })
      for (const key of ["a", "b", "a", "c"]) await fetch(place(t, key).url)
      t.deepEqual(keys(fetch), ["a", "c"])
      t.equal(fetch.breakers.has("b"), false)
      t.equal(fetch.breakers.get("b"), undefined)
      outcomes(t, fetch, { successes: 2 }, "a")
    },
  },
  {
    name: "an open breaker is not dropped while a closed one is idle",
    async run(t) {
      const settings = { ...byQuery, ...consecutiveFailures(1), maxBreakers: 2 }
      const fetch = wrapFetch(undefined, settings)
      await fetch(place(t, "open", "/status/503").url)
      for (const key of ["a", "b", "c"]) await fetch(place(t, key).url)
      t.deepEqual(keys(fetch), ["open", "c"])
      const { url, hits } = place(t, "open")
      await t.rejects(fetch(url), { code: "ERR_OPEN_STATE" })
      t.equal(await hits(), 0)
    },
  },
  {
    name: "a busy breaker is not dropped while a closed one is idle",
    async run(t) {
      const fetch = wrapFetch(undefined, { ...byQuery, maxBreakers: 2 })
      const controller = new AbortController()
      const { url, arrival } = place(t, "busy", "/hang")
      const call = t.rejects(fetch(url, { signal: controller.signal }))
      await arrival()
      for (const key of ["a", "b", "c"]) await fetch(place(t, key).url)
      t.deepEqual(keys(fetch), ["busy", "c"])
      controller.abort()
      await call
      outcomes(t, fetch, { exclusions: 1 }, "busy")
    },
  },
  {
    name: "a breaker whose body is under way is busy when bodies count",
    async run(t) {
      const fetch = wrapFetch(undefined, { ...byQuery, maxBreakers: 2, settleOn: "body" })
      const response = await fetch(place(t, "busy", "/slow-body?ms=10&chunks=2").url)
      for (const key of ["a", "b"]) {
        await (await fetch(place(t, key).url)).text()
        await pause()
      }
      t.deepEqual(keys(fetch), ["busy", "b"])
      await response.text()
      await pause()
      outcomes(t, fetch, { successes: 1 }, "busy")
    },
  },
  {
    name: "when every breaker is open, the least recently used one is dropped",
    async run(t) {
      const settings = { ...byQuery, ...consecutiveFailures(1), maxBreakers: 2 }
      const fetch = wrapFetch(undefined, settings)
      for (const key of ["a", "b", "c"]) await fetch(place(t, key, "/status/503").url)
      t.deepEqual(keys(fetch), ["b", "c"])
      t.equal(fetch.breakers.size, 2)
    },
  },
  {
    name: "a registry's snapshot is plain JSON, and a new registry goes on from it",
    async run(t) {
      const clock = manualClock()
      const settings = { ...byQuery, ...consecutiveFailures(2), timeout: 10_000, clock }
      const fetch = wrapFetch(undefined, settings)
      await fetch(place(t, "streak", "/status/503").url)
      for (let call = 1; call <= 2; call++) await fetch(place(t, "open", "/status/503").url)
      clock.time += 4_000
      const snapshot = fetch.breakers.snapshot()
      const text = JSON.stringify(snapshot)
      t.deepEqual(JSON.parse(text), snapshot)
      t.deepEqual(Object.keys(snapshot), ["streak", "open"])

      const later = { ...manualClock(), time: 500 }
      const next = wrapFetch(undefined, { ...settings, clock: later, snapshot: JSON.parse(text) })
      const { url, hits } = place(t, "open")
      await t.rejects(next(url), { code: "ERR_OPEN_STATE", retryAfter: 6_000 })
      t.equal(await hits(), 0)
      await next(place(t, "streak", "/status/503").url)
      t.equal(next.breakers.get("streak")?.state, "open")
      later.time += 6_001
      t.equal((await next(url)).status, 200)
      t.equal(next.breakers.get("open")?.state, "closed")
    },
  },
  {
    name: "a snapshot is restored once, even if its breaker is dropped and made again",
    async run(t) {
      const clock = manualClock()
      const settings = { ...byQuery, ...consecutiveFailures(1), timeout: 10_000, clock }
      const first = wrapFetch(undefined, settings)
      await first(place(t, "a", "/status/503").url)
      const snapshot = first.breakers.snapshot()

      const fetch = wrapFetch(undefined, { ...settings, maxBreakers: 1, snapshot })
      clock.time += 9_999
      await t.rejects(fetch(place(t, "a").url), { code: "ERR_OPEN_STATE" })
      clock.time += 10_001
      for (const key of ["a", "b", "a"]) t.equal((await fetch(place(t, key).url)).status, 200)
    },
  },
  {
    name: "an invalid snapshot is ignored",
    async run(t) {
      const whole = [null, "x", []]
      const perKey = [null, 7, { state: "open" }].map((entry) => ({ [t.origin]: entry }))
      for (const snapshot of [...whole, ...perKey]) {
        const fetch = wrapFetch(undefined, { snapshot })
        t.equal((await fetch(target(t, "/ok").url)).status, 200)
        outcomes(t, fetch, { successes: 1 })
      }
    },
  },
  {
    name: "when three of ten keys fail, the other seven get every request",
    timeout: 20_000,
    async run(t) {
      const fetch = wrapFetch(undefined, { ...byQuery, ...consecutiveFailures(2) })
      const failing = new Map([
        ["2", "/status/503"],
        ["5", "/status/500"],
        ["8", "/status/429"],
      ])
      const places = Array.from({ length: 10 }, (_, index) => {
        const key = String(index)
        return { key, ...place(t, key, failing.get(key) ?? "/ok") }
      })
      const rounds = 8
      let rejected = 0
      for (let round = 0; round < rounds; round++) {
        const results = await Promise.allSettled(places.map(({ url }) => fetch(url)))
        for (const result of results) {
          if (result.status === "rejected") rejected += 1
          else await result.value.text()
        }
      }
      for (const { key, hits } of places) {
        const fails = failing.has(key)
        t.equal(await hits(), fails ? 2 : rounds, `hits of key ${key}`)
        t.equal(fetch.breakers.get(key)?.state, fails ? "open" : "closed", `state of key ${key}`)
        if (!fails) outcomes(t, fetch, { successes: rounds }, key)
      }
      t.equal(rejected, 3 * (rounds - 2))
    },
  },
]
