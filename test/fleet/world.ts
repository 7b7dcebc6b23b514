/** The parts that the scenarios are put together from. */
import type { StorePlan } from "./fleet-objects.ts"
import type { Link } from "./network.ts"
import type { OriginPlan } from "./origin.ts"

/** Between clients and an origin. */
export const LINK: Link = { roundTrip: 20, spread: 0.3, loss: 0.0005 }

/** A link that loses nothing: for what is to be told from losses. */
export const LOSSLESS: Link = { ...LINK, loss: 0 }

/** A store as it should be: one exchange in ten thousand gets lost. */
export const STORE: StorePlan = {
  link: { roundTrip: 30, spread: 0.4, loss: 0.00005 },
  isDown: () => false,
  slowness: () => 0,
}

/** An origin that serves half as much again as is asked of it, and fails this share of it. */
export function healthy(demand: number, errors = 0): OriginPlan {
  return { capacity: () => demand * 1.5, errors: () => errors, serviceTime: () => 40 }
}

const RETURN = 120_000

/**
 * An origin that is down for a while, in seconds, and then comes back slowly: what it can serve grows
 * from a fifth of the demand to six fifths, over two minutes.
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
