/** The wrapped function can be called in every way in which `fetch` can be called. */
import { CircuitBreaker, failureRate, wrapFetch } from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { outcomes } from "../outcomes.ts"
import { recorder } from "../recorder.ts"
import { browsersOnly, isBrowser } from "../runtimes.ts"
import { target } from "../target.ts"

interface Echo {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const echoOf = async (response: Response): Promise<Echo> => (await response.json()) as Echo

// A Worker has no clock, no timers and no AbortController while its modules are loaded.
const loaded = wrapFetch(undefined, {
  ...failureRate({ threshold: 0.5, minimumRequests: 2, within: 10_000 }),
  callTimeout: 5_000,
})
const restored = new CircuitBreaker({
  snapshot: {
    ...new CircuitBreaker().snapshot(),
    state: "open",
    openFor: 600_000,
    remaining: 600_000,
  },
})

async function withGlobalFetch(
  replacement: typeof fetch,
  work: () => Promise<void>,
): Promise<void> {
  const own = globalThis.fetch
  globalThis.fetch = replacement
  try {
    await work()
  } finally {
    globalThis.fetch = own
  }
}

/** A call must send what `fetch` itself would send, with any settings. */
const sameAsFetch = (
  what: string,
  arguments_: (url: string) => [input: RequestInfo | URL, init?: RequestInit],
): Case => ({
  name: `${what} is sent as fetch itself sends it, with and without callTimeout`,
  async run(t) {
    const { url } = target(t, "/echo")
    const shown = async (call: Promise<Response>): Promise<unknown> => {
      const { method, headers, body } = await echoOf(await call)
      const of = (...names: string[]): unknown[] => names.map((name) => headers[name])
      return { method, body, headers: of("x-own", "content-type", "content-length", "transfer-encoding", "referer") }
    }
    const expected = await shown(fetch(...arguments_(url)))
    for (const settings of [{}, { callTimeout: 5_000 }, { settleOn: "body" as const }]) {
      const wrapped = wrapFetch(undefined, settings)
      t.deepEqual(await shown(wrapped(...arguments_(url))), expected, JSON.stringify(settings))
    }
  },
})

export const cases: Case[] = [
  {
    name: "it works detached, as a method, and with any this",
    async run(t) {
      const fetch = wrapFetch()
      const explicit = wrapFetch(globalThis.fetch)
      const { url, hits } = target(t, "/ok")
      const client = { fetch, explicit }
      const calls = [
        fetch(url),
        client.fetch(url),
        client.explicit(url),
        fetch.call(null, url),
        fetch.apply({ any: "thing" } as unknown as void, [url]),
        Reflect.apply(explicit, 7, [url]),
      ]
      for (const call of calls) t.equal((await call).status, 200)
      t.equal(await hits(), calls.length)
    },
  },
  {
    name: "it takes a string, a URL and a Request",
    async run(t) {
      const fetch = wrapFetch()
      const { url, hits } = target(t, "/ok")
      for (const input of [url, new URL(url), new Request(url)]) {
        t.equal((await fetch(input)).status, 200)
        t.equal((await fetch(input, {})).status, 200)
        t.equal((await fetch(input, undefined)).status, 200)
      }
      t.equal(await hits(), 9)
      outcomes(t, fetch, { successes: 9 })
      t.equal(fetch.breakers.size, 1)
    },
  },
  {
    name: "it accepts a relative URL only where there is a page",
    async run(t) {
      const { fetch: own, errors } = recorder()
      const fetch = wrapFetch(own)
      if (isBrowser(t.runtime)) {
        t.equal((await fetch("/ok")).status, 200)
        outcomes(t, fetch, { successes: 1 })
      } else {
        t.equal(await t.rejects(fetch("/ok")), errors[0])
        t.equal(fetch.breakers.size, 0)
      }
    },
  },
  {
    name: "it resolves a relative URL against the base of the page",
    skip: browsersOnly,
    async run(t) {
      const fetch = wrapFetch()
      const base = document.createElement("base")
      base.href = `${t.otherOrigin}/status/`
      document.head.append(base)
      try {
        t.equal((await fetch("404")).status, 404)
        outcomes(t, fetch, { successes: 1 }, t.otherOrigin)
      } finally {
        base.remove()
      }
    },
  },
  sameAsFetch("a string with an init", (url) => [
    url,
    { method: "PUT", headers: { "x-own": "1" }, body: "text" },
  ]),
  sameAsFetch("a form", (url) => [url, { method: "POST", body: new URLSearchParams({ a: "1" }) }]),
  sameAsFetch("a Request", (url) => [
    new Request(url, { method: "POST", headers: { "x-own": "2" }, body: "text" }),
  ]),
  sameAsFetch("a Request that keeps its referrer to itself", (url) => [new Request(url, { referrerPolicy: "no-referrer" })]),
  sameAsFetch("a Request with a referrer of its own", (url) => [
    new Request(url, { referrer: new URL("/mine", url).href, referrerPolicy: "unsafe-url" }),
    {},
  ]),
  sameAsFetch("a Request with an init over it", (url) => [
    new Request(url, { method: "POST", headers: { "x-own": "2" }, body: "text" }),
    { method: "PUT", headers: { "x-own": "3" } },
  ]),
  // Workers do this to forward a request to another address.
  sameAsFetch("a Request in the place of an init", (url) => [
    url,
    new Request("http://elsewhere.invalid/", { method: "DELETE", headers: { "x-own": "4" } }),
  ]),
  sameAsFetch("an init with getters of its class", (url) => {
    class Init {
      get method(): string {
        return "PUT"
      }
      get headers(): HeadersInit {
        return { "x-own": "5" }
      }
      get body(): string {
        return "text"
      }
    }
    return [url, new Init()]
  }),
  sameAsFetch("an init that is a frozen object of a class", (url) => {
    class Init {
      readonly method = "PUT"
      readonly body = "text"
      readonly signal = null
    }
    return [url, Object.freeze(new Init())]
  }),
  {
    name: "a stream is sent",
    skip: {
      chromium: "sends streams over HTTP/2 only",
      firefox: "cannot send streams",
      webkit: "cannot send streams",
    },
    async run(t) {
      const fetch = wrapFetch(undefined, { callTimeout: 5_000 })
      const body = new Blob(["streamed"]).stream()
      // `duplex` is missing in the types of TypeScript.
      const init = { method: "POST", body, duplex: "half" } as RequestInit
      t.equal((await echoOf(await fetch(target(t, "/echo").url, init))).body, "streamed")
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a stream that could not be sent is a failure",
    skip: { firefox: "cannot send streams", webkit: "cannot send streams" },
    async run(t) {
      const fetch = wrapFetch()
      const body = new Blob(["streamed"]).stream()
      const init = { method: "POST", body, duplex: "half" } as RequestInit
      await t.rejects(fetch(`${t.refused}/`, init))
      outcomes(t, fetch, { failures: 1 }, t.refused)
    },
  },
  {
    name: "without a fetch it calls the global one of the moment",
    async run(t) {
      const fetch = wrapFetch()
      const { url, hits } = target(t, "/ok")
      t.equal((await fetch(url)).status, 200)
      const given: unknown[] = []
      const replacement = async (...all: unknown[]): Promise<Response> => {
        given.push(...all)
        return new Response(null, { status: 503 })
      }
      await withGlobalFetch(replacement as typeof globalThis.fetch, async () => {
        t.equal((await fetch(url, { method: "PUT" })).status, 503)
      })
      t.deepEqual(given, [url, { method: "PUT" }])
      t.equal((await fetch(url)).status, 200)
      t.equal(await hits(), 2)
      outcomes(t, fetch, { successes: 2, failures: 1 })
    },
  },
  {
    name: "it can stand in for the global fetch, and calls the one that was there",
    async run(t) {
      const fetch = wrapFetch()
      const { url, hits } = target(t, "/ok")
      await withGlobalFetch(fetch, async () => {
        t.equal((await globalThis.fetch(url)).status, 200)
      })
      t.equal(await hits(), 1)
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a given fetch is used even if the global one changes",
    async run(t) {
      const fetch = wrapFetch(globalThis.fetch)
      const { url } = target(t, "/ok")
      const replacement = async (): Promise<Response> => new Response(null, { status: 503 })
      await withGlobalFetch(replacement, async () => {
        t.equal((await fetch(url)).status, 200)
      })
    },
  },
  {
    name: "a given fetch is called once for each call, without a this",
    async run(t) {
      const thises: unknown[] = []
      const fetch = wrapFetch(async function (this: unknown) {
        thises.push(this)
        return new Response()
      })
      const client = { fetch }
      await client.fetch(`${t.origin}/`)
      t.deepEqual(thises, [undefined])
    },
  },
  {
    name: "a wrapped fetch can be wrapped again",
    async run(t) {
      const inner = wrapFetch()
      const outer = wrapFetch(inner)
      await outer(target(t, "/status/503").url)
      outcomes(t, inner, { failures: 1 })
      outcomes(t, outer, { failures: 1 })
    },
  },
  {
    name: "an invalid fetch is refused, and named in the error",
    async run(t) {
      t.throws(() => wrapFetch("fetch" as unknown as typeof globalThis.fetch), {
        name: "TypeError",
        message: "fetch must be a function: got fetch",
      })
      t.throws(() => wrapFetch(undefined, { maxBreakers: 0 }), { name: "RangeError" })
    },
  },
  {
    name: "a wrapped fetch that was made while modules loaded works",
    async run(t: Context) {
      await loaded(target(t, "/status/503").url)
      t.equal(loaded.breakers.get(t.origin)?.state, "closed")
      await loaded(target(t, "/status/503").url)
      await t.rejects(loaded(target(t, "/ok").url), { code: "ERR_OPEN_STATE" })
    },
  },
  {
    name: "a breaker that was restored open while modules loaded is still open",
    async run(t) {
      t.equal(restored.state, "open")
      t.between(restored.retryAfter, 300_000, 600_000)
    },
  },
]
