import type { StorePlan } from "./fleet-objects.ts"
import type { Link } from "./network.ts"
import type { OriginPlan } from "./origin.ts"

/** A fleet, what it calls, and what goes wrong; times are seconds of the run. */
export interface Plan {
  readonly clients: number
  /** Calls a second of each client, at random times. */
  readonly rate: number
  readonly seconds: number
  /** The shards that calls go to, each as likely. */
  readonly origins: readonly OriginPlan[]
  /** Between clients and origins. */
  readonly link: Link
  readonly store: StorePlan
  /** When the first origin is down, if it is. */
  readonly outage?: readonly [from: number, to: number]
  /** Share of clients whose calls all fail on their own side, every other of them with a clock that jumps. */
  readonly broken?: number
}
