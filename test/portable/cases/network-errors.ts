/** Calls that end without a response. */
import { consecutiveFailures, wrapFetch, type OutcomeEvent } from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { outcomes } from "../outcomes.ts"
import { pause } from "../pause.ts"
import { recorder } from "../recorder.ts"
import { browsersOnly } from "../runtimes.ts"
import { target } from "../target.ts"

/** A call that the runtime's own fetch rejects is a failure, and rejects with the same error object. */
async function fails(t: Context, url: string, init?: RequestInit): Promise<void> {
  const { fetch: own, calls, errors } = recorder()
  const fetch = wrapFetch(own)
  const error = await t.rejects(fetch(url, init))
  t.equal(calls.length, 1)
  t.equal(error, errors[0])
  outcomes(t, fetch, { failures: 1 }, new URL(url).origin)
}

export const cases: Case[] = [
  {
    name: "a refused connection is a failure",
    run: (t) => fails(t, `${t.refused}/`),
  },
  ...["/reset", "/close", "/reset-headers"].map((path): Case => ({
    name: `${path} is a failure`,
    async run(t) {
      // A GET would be sent again, ten times by Firefox. Some versions of Deno also send a POST again.
      const { url, hits } = target(t, path)
      await fails(t, url, { method: "POST" })
      t.between(await hits(), 1, t.runtime === "deno" ? 2 : 1)
    },
  })),
  {
    name: "a reply that is not HTTP is a failure",
    async run(t) {
      const { url } = target(t, "/garbage")
      if (t.runtime !== "firefox") return fails(t, url)
      // Firefox treats it as the body of an HTTP/0.9 reply.
      const fetch = wrapFetch()
      t.equal((await fetch(url)).status, 200)
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a redirect loop is a failure",
    run: (t) => fails(t, target(t, "/redirect-loop").url),
  },
  {
    name: "CORS refusing to show the response is a failure",
    skip: browsersOnly,
    async run(t) {
      const { url, hits } = target(t, "/ok?cors=none", t.otherOrigin)
      await fails(t, url)
      t.equal(await hits(), 1)
    },
  },
  {
    name: "CORS refusing the preflight is a failure, and the request is not sent",
    skip: browsersOnly,
    async run(t) {
      const { url, hits } = target(t, "/ok?cors=none", t.otherOrigin)
      await fails(t, url, { method: "PUT" })
      t.equal(await hits(), 0)
    },
  },
  {
    name: "a call past callTimeout is a failure, even if it is never answered",
    async run(t) {
      const { fetch: own, calls } = recorder()
      const fetch = wrapFetch(own, { callTimeout: 500 })
      const { url, hits } = target(t, "/hang")
      const error = await t.rejects(fetch(url), { name: "TimeoutError" })
      t.ok(error instanceof DOMException)
      outcomes(t, fetch, { failures: 1 })
      t.equal(await hits(), 1)
      const signal = calls[0]?.init?.signal
      t.equal(signal?.aborted, true)
      t.equal(signal?.reason, error)
    },
  },
  {
    name: "a call past callTimeout is a failure, even if its fetch ignores its signal",
    async run(t) {
      const fetch = wrapFetch(() => new Promise(() => {}), { callTimeout: 20 })
      await t.rejects(fetch(`${t.origin}/`), { name: "TimeoutError" })
      outcomes(t, fetch, { failures: 1 })
    },
  },
  {
    name: "a call within callTimeout does not abort its signal",
    async run(t) {
      const { fetch: own, calls } = recorder()
      const fetch = wrapFetch(own, { callTimeout: 1_000 })
      t.deepEqual(await (await fetch(target(t, "/ok").url)).json(), { ok: true })
      await pause(1_100)
      t.equal(calls[0]?.init?.signal?.aborted, false)
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "callTimeout does not cut a body whose headers were in time",
    async run(t) {
      const fetch = wrapFetch(undefined, { callTimeout: 1_000 })
      const response = await fetch(target(t, "/slow-body?ms=300&chunks=5").url)
      t.equal((await response.text()).split("\n").length, 6)
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "an error that a fetch throws synchronously is a failure",
    async run(t) {
      const thrown = new RangeError("not today")
      const fetch = wrapFetch(() => {
        throw thrown
      })
      t.equal(await t.rejects(fetch(`${t.origin}/`)), thrown)
      outcomes(t, fetch, { failures: 1 })
    },
  },
  {
    name: "listeners get the error that the caller gets",
    async run(t) {
      const fetch = wrapFetch(undefined, consecutiveFailures(2))
      await fetch(target(t, "/ok").url)
      const breaker = fetch.breakers.get(t.origin)
      const failures: OutcomeEvent[] = []
      const causes: unknown[] = []
      breaker?.addEventListener("failure", (event) => void failures.push(event))
      breaker?.addEventListener("statechange", (event) => void causes.push(event.error))
      const { url } = target(t, "/reset")
      await t.rejects(fetch(url, { method: "POST" }))
      const error = await t.rejects(fetch(url, { method: "POST" }))
      t.equal(failures.length, 2)
      t.equal(failures[1]?.error, error)
      t.equal(failures[1]?.counted, true)
      t.ok((failures[1]?.duration ?? -1) >= 0)
      t.equal(causes.length, 1)
      t.equal(causes[0], error)
    },
  },
]
