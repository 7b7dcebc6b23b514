/** How a response counts by its status. */
import { consecutiveFailures, wrapFetch } from "../../../src/index.ts"
import type { Case } from "../../runtimes/suite.ts"
import { outcomes } from "../outcomes.ts"
import { recorder } from "../recorder.ts"
import { target } from "../target.ts"

const ofStatus = (status: number, counted: "successes" | "failures"): Case => ({
  name: `status ${status} is one of the ${counted}, and reaches the caller`,
  async run(t) {
    const fetch = wrapFetch()
    const { url, hits } = target(t, `/status/${status}`)
    t.equal((await fetch(url)).status, status)
    outcomes(t, fetch, { [counted]: 1 })
    t.equal(await hits(), 1)
  },
})

export const cases: Case[] = [
  ...[200, 204, 304, 404, 400].map((status) => ofStatus(status, "successes")),
  ...[500, 502, 503, 504, 408, 429].map((status) => ofStatus(status, "failures")),
  {
    name: "the response that opens the breaker reaches the caller intact",
    async run(t) {
      const { fetch: own, responses } = recorder()
      const fetch = wrapFetch(own, consecutiveFailures(1))
      const { url } = target(t, "/status/503?body=over%20capacity&retry-after=7")
      const response = await fetch(url)
      t.equal(fetch.breakers.get(t.origin)?.state, "open")
      t.equal(response, responses[0])
      t.equal(response.status, 503)
      t.equal(response.ok, false)
      t.equal(response.headers.get("retry-after"), "7")
      t.equal(response.headers.get("content-type"), "text/plain")
      t.equal(response.url, url)
      t.equal(response.bodyUsed, false)
      t.equal(await response.text(), "over capacity")
    },
  },
  {
    name: "isSuccessful() and isExcluded() judge by the response",
    async run(t) {
      const fetch = wrapFetch(undefined, {
        isSuccessful: (error, response) => error === undefined && response?.status !== 404,
        isExcluded: (_, response) => response?.status === 501,
      })
      for (const status of [404, 503, 501]) {
        const { url } = target(t, `/status/${status}`)
        t.equal((await fetch(url)).status, status)
      }
      outcomes(t, fetch, { successes: 1, failures: 1, exclusions: 1 })
    },
  },
]
