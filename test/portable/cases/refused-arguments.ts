/** Arguments that `fetch` itself refuses say nothing about the origin. */
import { consecutiveFailures, wrapFetch } from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { manualClock } from "../manual-clock.ts"
import { outcomes } from "../outcomes.ts"
import { recorder } from "../recorder.ts"
import { target, type Target } from "../target.ts"

/** Makes the arguments of a call. Async, since some bodies have to be read first. */
type Arguments = (url: string) => Promise<[input: RequestInfo | URL, init?: RequestInit]>

const refused = (what: string, arguments_: Arguments, more: Partial<Case> = {}): Case => ({
  name: `${what} is excluded and gets the runtime's own error`,
  async run(t) {
    const { fetch: own, errors } = recorder()
    const fetch = wrapFetch(own)
    const place = target(t, "/ok")
    const error = await t.rejects(fetch(...(await arguments_(place.url))))
    t.equal(errors.length, 1)
    t.equal(error, errors[0])
    await isExcluded(t, fetch, place)
  },
  ...more,
})

async function isExcluded(
  t: Context,
  fetch: ReturnType<typeof wrapFetch>,
  place: Target,
): Promise<void> {
  outcomes(t, fetch, { exclusions: 1 })
  t.equal(await place.hits(), 0)
}

/** A call without an origin has no breaker that could count it. */
const withoutOrigin = (what: string, input: string): Case => ({
  name: `${what} is not counted and gets the runtime's own error`,
  async run(t) {
    const { fetch: own, errors } = recorder()
    const fetch = wrapFetch(own)
    const error = await t.rejects(fetch(input))
    t.equal(error, errors[0])
    t.equal(fetch.breakers.size, 0)
  },
})

export const cases: Case[] = [
  withoutOrigin("a bad URL", "http://[::"),
  withoutOrigin("an unknown scheme", "nothing://there/"),
  refused("a bad header name", async (url) => [url, { headers: { "not a name": "x" } }]),
  refused("a bad header value", async (url) => [url, { headers: { name: "a\nb" } }]),
  refused("a bad method", async (url) => [url, { method: "not a method" }], {
    skip: { bun: "takes any method" },
  }),
  refused("a GET with a body", async (url) => [url, { body: "x" }]),
  refused("a HEAD with a body", async (url) => [url, { method: "HEAD", body: "x" }]),
  refused("a GET Request with a body given", async (url) => [new Request(url), { body: "x" }]),
  refused("a POST Request with a GET over it", async (url) => [new Request(url, { method: "POST", body: "x" }), { method: "GET" }], {
    skip: { firefox: "does not tell whether a Request has a body" },
  }),
  refused("a bad redirect mode", async (url) => [url, { redirect: "elsewhere" as "follow" }]),
  refused("a Request whose body was read", async (url) => {
    const request = new Request(url, { method: "POST", body: "x" })
    await request.text()
    return [request]
  }),
  refused("an init with a getter that throws", async (url) => [
    url,
    {
      get method(): string {
        throw new RangeError("thrown on purpose")
      },
    },
  ]),
  refused("a signal that is none", async (url) => [url, { signal: {} as AbortSignal }], {
    skip: { webkit: "takes anything for a signal" },
  }),
  {
    name: "refused arguments neither open the breaker nor end a streak",
    async run(t) {
      const fetch = wrapFetch(undefined, consecutiveFailures(2))
      await fetch(target(t, "/status/503").url)
      await t.rejects(fetch(target(t, "/ok").url, { headers: { "not a name": "" } }))
      t.equal(fetch.breakers.get(t.origin)?.state, "closed")
      outcomes(t, fetch, { failures: 1, exclusions: 1 })
      await fetch(target(t, "/status/503").url)
      t.equal(fetch.breakers.get(t.origin)?.state, "open")
    },
  },
  {
    name: "refused arguments give a half-open slot back",
    async run(t) {
      const clock = manualClock()
      const fetch = wrapFetch(undefined, { readyToTrip: () => true, timeout: 100, clock })
      await fetch(target(t, "/status/503").url)
      clock.time += 101
      await t.rejects(fetch(target(t, "/ok").url, { headers: { "not a name": "" } }))
      t.equal(fetch.breakers.get(t.origin)?.state, "half-open")
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      t.equal(fetch.breakers.get(t.origin)?.state, "closed")
    },
  },
  {
    name: "a Request whose body could not be sent is a failure",
    async run(t) {
      const fetch = wrapFetch()
      const request = new Request(`${t.refused}/`, { method: "POST", body: "x" })
      await t.rejects(fetch(request))
      outcomes(t, fetch, { failures: 1 }, t.refused)
    },
  },
]
