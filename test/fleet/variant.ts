import type { Settings } from "../../src/index.ts"
import type { BreakerObjectSettings } from "../../src/stores/durable-object/index.ts"

/** One way to protect an origin. Each client gets new settings, since some settings have state. */
export interface Variant {
  readonly name: string
  /** Settings of each client's breaker; without them, clients have no breaker. */
  readonly breaker?: () => Settings
  /** Settings of the object that all clients share; without them, clients do not share. */
  readonly object?: () => BreakerObjectSettings
  /** Longest wait for the object, in milliseconds. */
  readonly deadline?: number
  /** Whether the clients share a store in memory instead, which answers at once and is never down. */
  readonly inMemory?: boolean
  /** One breaker for all shards of the origin, rather than one for each. */
  readonly oneKey?: boolean
}
