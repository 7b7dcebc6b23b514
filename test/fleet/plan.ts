import type { StorePlan } from "./fleet-objects.ts"
import type { Link } from "./network.ts"
import type { OriginPlan } from "./origin.ts"

/** A fleet, its origins, and what goes wrong. Times are seconds since the start of the run. */
export interface Plan {
  readonly clients: number
  /** Calls a second of each client, at random times. */
  readonly rate: number
  readonly seconds: number
  /** The shards of the origin. Each call goes to any of them with equal probability. */
  readonly origins: readonly OriginPlan[]
  /** The connection between clients and origins. */
  readonly link: Link
  readonly store: StorePlan
  /** When the first origin is down, if it is. */
  readonly outage?: readonly [from: number, to: number]
  /** Share of clients whose calls all fail on their own side. Every other one of these has a clock that jumps. */
  readonly broken?: number
}
