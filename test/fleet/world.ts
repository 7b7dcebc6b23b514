/** The parts that the scenarios are built from. */
import type { StorePlan } from "./fleet-objects.ts"
import type { Link } from "./network.ts"
import type { OriginPlan } from "./origin.ts"

/** The connection between clients and an origin. */
export const LINK: Link = { roundTrip: 20, spread: 0.3, loss: 0.0005 }

/** A link without losses, for effects that losses would hide. */
export const LOSSLESS: Link = { ...LINK, loss: 0 }

/** A healthy store: one exchange in ten thousand is lost. */
export const STORE: StorePlan = {
  link: { roundTrip: 30, spread: 0.4, loss: 0.00005 },
  isDown: () => false,
  slowness: () => 0,
}

/** An origin with a capacity of one and a half times the demand, which fails a share `errors` of the requests. */
export function healthy(demand: number, errors = 0): OriginPlan {
  return { capacity: () => demand * 1.5, errors: () => errors, serviceTime: () => 40 }
}

const RETURN = 120_000

/**
 * An origin that is down from `from` to `to`, in seconds, and then recovers slowly: its capacity grows from a
 * fifth of the demand to six fifths, over two minutes.
 */
export function returning(demand: number, [from, to]: readonly [number, number]): OriginPlan {
  return {
    ...healthy(demand),
    capacity: (now) => {
      if (now < from * 1_000) return demand * 1.5
      if (now < to * 1_000) return 0
      return demand * Math.min(0.2 + (now - to * 1_000) / RETURN, 1.2)
    },
  }
}
