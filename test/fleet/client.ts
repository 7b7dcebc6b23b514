/** One isolate or tab: calls an origin through the real breaker, and counts the outcomes. */
import { CircuitBreaker, findCircuitBreakerError, wrapFetch, type Settings } from "../../src/index.ts"
import type { Tally } from "./tally.ts"
import type { Variant } from "./variant.ts"

/** Sends a request of a client to a shard; rejects when it fails. */
export type Send = (shard: number, client: Client) => Promise<unknown>

/** A client, and when its breaker opened. */
export class Client {
  readonly isBroken: boolean
  /** Failed calls since the outage began. */
  failures = 0
  /** Failed calls until its breaker opened; `undefined` if it has not. */
  failuresToOpen: number | undefined
  openedAt: number | undefined
  readonly #call: (shard: number) => Promise<unknown>

  constructor(variant: Variant, settings: Settings, send: Send, isBroken: boolean, shards: number) {
    this.isBroken = isBroken
    this.#call = makeCall(variant, settings, (shard) => send(shard, this), shards)
  }

  /** Makes a call and counts it in all of the tallies. */
  call(shard: number, tallies: readonly Tally[], now: () => number): void {
    for (const tally of tallies) tally.add(tally.demand, now())
    this.#call(shard).then(
      () => {
        for (const tally of tallies) tally.add(tally.succeeded, now())
      },
      (error: unknown) => {
        const rejected = findCircuitBreakerError(error) !== undefined
        if (!rejected) this.failures += 1
        for (const tally of tallies) tally.add(rejected ? tally.rejected : tally.failed, now())
      },
    )
  }
}

function makeCall(
  { breaker: isProtected, oneKey }: Variant,
  settings: Settings,
  send: (shard: number) => Promise<unknown>,
  shards: number,
): (shard: number) => Promise<unknown> {
  if (!isProtected) return send
  if (shards === 1) {
    const breaker = new CircuitBreaker(settings)
    const request = (): Promise<unknown> => send(0)
    return () => breaker.execute(request)
  }
  const answer = async (url: unknown): Promise<Response> => {
    await send(Number(new URL(String(url)).port) - 1)
    return new Response(null)
  }
  const { name: _, ...common } = settings
  const safeFetch = wrapFetch(answer as typeof fetch, { ...common, ...(oneKey && { key: () => "all" }) })
  return (shard) => safeFetch(`http://origin.invalid:${shard + 1}/`)
}
