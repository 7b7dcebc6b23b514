/** A Worker in front of an origin. While that is down, it stops calling it and serves the last responses. */
import { env, waitUntil } from "cloudflare:workers"
import { failureRate, wrapFetch } from "webbreaker"
import { breakerObject, durableObjectStore } from "webbreaker/durable-object"
import { keepCopy, staleCopy } from "./stale.ts"
import { showBreakers } from "./status.ts"

const rule = failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 })

// Two isolates must see the origin fail. For a single one the cause may be its own network.
export class Breakers extends breakerObject({ ...rule, timeout: 10_000, quorum: 2, slowStart: 30_000 }) {}

const protectedFetch = wrapFetch(undefined, {
  ...rule,
  timeout: 10_000,
  callTimeout: 10_000,
  store: durableObjectStore(() => env.BREAKERS, { waitUntil }),
  fallback: (_error, request) => staleCopy(request),
  rejectWith: "response",
})

export default {
  async fetch(incoming: Request): Promise<Response> {
    const { pathname, search } = new URL(incoming.url)
    if (pathname === "/__breakers") return showBreakers(incoming, protectedFetch.breakers, env.STATUS_SECRET)
    // Not `new URL(pathname, env.ORIGIN)`: a path that begins with two slashes would name another host.
    const request = new Request(new URL(env.ORIGIN).origin + pathname + search, incoming)
    try {
      // Redirects of the origin are passed on to the client, which follows them itself.
      const response = await protectedFetch(request, { redirect: "manual" })
      if (response.status >= 500) return (await staleCopy(request)) ?? response
      return keepCopy(request, response, waitUntil)
    } catch (error) {
      const isTimeout = (error as Error | null)?.name === "TimeoutError"
      return new Response(isTimeout ? "The origin did not answer in time" : "The origin cannot be reached", {
        status: isTimeout ? 504 : 502,
      })
    }
  },
}
