/**
 * The Durable Object that keeps breakers for all isolates.
 *
 * @module
 */
import { readMessage, REFUSED, writeVerdict, type Message } from "./message.ts"
import { createFleetPolicy, FleetBreaker, type BreakerObjectSettings } from "./fleet-breaker.ts"
import type { ObjectContext } from "./platform.ts"

// An object has 128 MB of memory, and a breaker may take several thousand bytes.
const MAX_BREAKERS = 5_000

/** A Durable Object: answers the reports of isolates. */
export interface BreakerObject {
  /** Answers one report with the verdict. */
  fetch(request: Request): Promise<Response>
  /** Marks a class of Durable Objects for Cloudflare's types. It does not exist at run time. */
  readonly __DURABLE_OBJECT_BRAND: never
}

/** The class of the object, which a Worker extends and exports. */
export type BreakerObjectClass = new (context: ObjectContext, env?: unknown) => BreakerObject

/**
 * Makes the class of the Durable Object that {@link durableObjectStore} talks to. It counts what all isolates
 * report as if a single breaker had made all calls, with settings of its own. The isolates need the same rule and
 * `maxRequests`: see {@link BreakerObjectSettings}.
 *
 * It decides in memory, stores only what must survive eviction (a change of state, a lease), and holds
 * no timer that would keep it running. It refuses a message that it does not understand, or for whose name
 * `settings` throws, with status 400.
 *
 * @param settings - The settings, or a function that returns those for the name of a breaker.
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { failureRate } from "webbreaker"
 * import { breakerObject } from "webbreaker/durable-object"
 *
 * const shared = { ...failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }), timeout: 10_000 }
 *
 * // The isolates: wrapFetch(fetch, { ...shared, store: durableObjectStore(() => env.BREAKERS, { waitUntil }) })
 * export class Breakers extends breakerObject({ ...shared, quorum: 2, slowStart: 60_000 }) {}
 * ```
 */
export function breakerObject(
  settings: BreakerObjectSettings | ((name: string) => BreakerObjectSettings) = {},
): BreakerObjectClass {
  // Invalid settings throw when the Worker starts, not when the first call fails.
  const common = typeof settings === "function" ? undefined : createFleetPolicy(settings)
  const policyOf = (name: string) => common ?? createFleetPolicy((settings as (name: string) => BreakerObjectSettings)(name))

  return class implements BreakerObject {
    declare readonly __DURABLE_OBJECT_BRAND: never
    readonly #storage: ObjectContext["storage"]
    readonly #breakers = new Map<string, FleetBreaker>()

    constructor(context: ObjectContext) {
      this.#storage = context.storage
    }

    async fetch(request: Request): Promise<Response> {
      let message: Message
      let breaker: FleetBreaker
      try {
        message = readMessage(await request.text())
        breaker = this.#breakers.get(message.name) ?? (await this.#load(message.name))
      } catch (error) {
        return new Response(String(error), { status: REFUSED })
      }
      const { name, reporter, report } = message
      this.#keep(name, breaker)
      // Nothing is awaited from here on, so no other report comes between.
      const { verdict, changed } = breaker.apply(reporter, report, Date.now())
      // The platform holds the response back until this is stored, and restarts the object if storing fails.
      if (changed) this.#storage.put(keyOf(name), breaker.encode()).catch(() => {})
      return new Response(writeVerdict(verdict), { headers: { "content-type": "application/json" } })
    }

    /** Marks a breaker as just used. When there are too many, drops the one used least recently, as eviction would. */
    #keep(name: string, breaker: FleetBreaker): void {
      this.#breakers.delete(name)
      this.#breakers.set(name, breaker)
      if (this.#breakers.size <= MAX_BREAKERS) return
      const [oldest] = this.#breakers.keys()
      this.#breakers.delete(oldest!)
    }

    async #load(name: string): Promise<FleetBreaker> {
      const policy = policyOf(name)
      // If the storage fails, the breaker begins without its past: that is better than no answer.
      const stored = await this.#storage.get(keyOf(name)).catch(() => undefined)
      // Another report may have loaded the breaker meanwhile, and been counted by it.
      const breaker = this.#breakers.get(name) ?? new FleetBreaker(policy, stored, Date.now())
      this.#breakers.set(name, breaker)
      return breaker
    }
  }
}

function keyOf(name: string): string {
  return `breaker:${name}`
}
