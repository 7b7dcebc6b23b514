/** Redirects, followed and not followed, and opaque responses. */
import { wrapFetch } from "../../../src/index.ts"
import type { Case } from "../../runtimes/suite.ts"
import { outcomes } from "../outcomes.ts"
import { browsersOnly, isBrowser } from "../runtimes.ts"
import { target } from "../target.ts"

export const cases: Case[] = [
  {
    name: "a followed redirect is a success, and one call",
    async run(t) {
      const fetch = wrapFetch()
      const end = target(t, "/ok")
      const start = target(t, `/redirect?to=${encodeURIComponent(end.url)}`)
      const response = await fetch(start.url)
      t.equal(response.redirected, true)
      t.equal(response.url, end.url)
      t.deepEqual(await response.json(), { ok: true })
      t.deepEqual([await start.hits(), await end.hits()], [1, 1])
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a redirect is judged by its final response, and counts for the origin of the call",
    async run(t) {
      const fetch = wrapFetch()
      const end = target(t, "/status/503", t.otherOrigin)
      const start = target(t, `/redirect?to=${encodeURIComponent(end.url)}`)
      const response = await fetch(start.url)
      t.equal(response.status, 503)
      t.equal(response.url, end.url)
      outcomes(t, fetch, { failures: 1 })
      t.equal(fetch.breakers.size, 1)
    },
  },
  {
    name: 'redirect: "manual" is a success',
    async run(t) {
      const fetch = wrapFetch()
      const { url, hits } = target(t, "/redirect?to=/status/503")
      const response = await fetch(url, { redirect: "manual" })
      // Only browsers hide the target.
      t.equal(response.status, isBrowser(t.runtime) ? 0 : 302)
      if (isBrowser(t.runtime)) t.equal(response.type, "opaqueredirect")
      outcomes(t, fetch, { successes: 1 })
      t.equal(await hits(), 1)
    },
  },
  {
    name: 'redirect: "manual" is a success when bodies count',
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const { url } = target(t, "/redirect?to=/ok")
      const response = await fetch(url, { redirect: "manual" })
      t.equal(await response.text(), "")
      outcomes(t, fetch, { successes: 1 })
    },
  },
  ...(["headers", "body"] as const).flatMap((settleOn) =>
    [200, 503].map((status): Case => ({
      name: `an opaque ${status} is a success when ${settleOn} count`,
      skip: browsersOnly,
      async run(t) {
        const fetch = wrapFetch(undefined, { settleOn })
        const { url, hits } = target(t, `/status/${status}?cors=none`, t.otherOrigin)
        const response = await fetch(url, { mode: "no-cors" })
        t.equal(response.type, "opaque")
        t.equal(response.status, 0)
        t.equal(await hits(), 1)
        outcomes(t, fetch, { successes: 1 }, t.otherOrigin)
      },
    })),
  ),
]
