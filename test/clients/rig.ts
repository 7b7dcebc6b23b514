/**
 * A client on a wrapped fetch, and a record of the calls on both sides of the wrapping.
 *
 * @module
 */
import {
  consecutiveFailures,
  wrapFetch,
  type BreakerFetch,
  type CircuitBreaker,
  type FetchSettings,
} from "../../src/index.ts"
import type { Site } from "./site.ts"
import { endSkipping } from "./skip-waits.ts"

/** Sets up a client for a URL with the given fetch. Returns a function that makes one call. */
export type Connect = (safeFetch: BreakerFetch, url: string) => () => PromiseLike<unknown>

/** How a call ended for its caller. */
export type Outcome = PromiseSettledResult<unknown>

/** The reason of a rejected call, or `undefined`. */
export function reasonOf(outcome: Outcome): any {
  return (outcome as PromiseRejectedResult).reason
}

/** The value of a fulfilled call, or `undefined`. */
export function valueOf(outcome: Outcome): any {
  return (outcome as PromiseFulfilledResult<unknown>).value
}

/** One call of a fetch: its first argument, and its `this`. */
export interface Seen {
  readonly input: RequestInfo | URL
  readonly self: unknown
}

export interface Rig extends AsyncDisposable {
  readonly site: Site
  readonly origin: string
  /** The breaker of the site's origin, from the first call on. */
  readonly breaker: CircuitBreaker | undefined
  /** The client's calls of the wrapped fetch. */
  readonly asked: readonly Seen[]
  /** The calls of the fetch underneath. */
  readonly sent: readonly Seen[]
  /** Makes one call with the client. */
  call(connect: Connect): Promise<Outcome>
  /** Opens the breaker with failures of the site, without using the client. Then the site works again. */
  open(): Promise<void>
}

/** Failures after which the breaker opens. */
export const LIMIT = 2

export async function startRig(
  startSite: () => Promise<Site>,
  settings: FetchSettings = {},
): Promise<Rig> {
  const site = await startSite()
  const { origin } = new URL(site.url)
  const asked: Seen[] = []
  const sent: Seen[] = []

  function send(this: unknown, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    endSkipping()
    sent.push({ input, self: this })
    return fetch(input, init)
  }
  // Date can be faked, so that skipped waits also pass on the clock of the breaker.
  const clock = { now: () => Date.now() }
  const safeFetch = wrapFetch(send, { ...consecutiveFailures(LIMIT), clock, ...settings })
  const { breakers } = safeFetch
  function ask(this: unknown, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    asked.push({ input, self: this })
    return safeFetch.call(this, input, init)
  }

  return {
    site,
    origin,
    get breaker() {
      return breakers.get(origin)
    },
    asked,
    sent,
    async call(connect) {
      const make = connect(Object.assign(ask, { breakers }), site.url)
      const [outcome] = await Promise.allSettled([make()])
      return outcome
    },
    async open() {
      site.status = 500
      for (let n = 0; n < LIMIT; n++) await (await safeFetch(site.url)).body?.cancel()
      site.status = 200
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  }
}
