import type { Settings } from "../../src/index.ts"
import type { BreakerObjectSettings } from "../../src/stores/durable-object/index.ts"

/** One way to protect an origin. Settings are made anew for each client: some of them remember. */
export interface Variant {
  readonly name: string
  /** Settings of each client's breaker; none for a client without one. */
  readonly breaker?: () => Settings
  /** Settings of the object that all clients share; none when each is by itself. */
  readonly object?: () => BreakerObjectSettings
  /** Longest wait for the object, in milliseconds. */
  readonly deadline?: number
  /** Whether the clients share a store in memory instead: at once, and never down. */
  readonly inMemory?: boolean
  /** One breaker for all shards of the origin, rather than one for each. */
  readonly oneKey?: boolean
}
