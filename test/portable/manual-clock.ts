import type { Clock } from "../../src/index.ts"

/** A clock that moves only when it is set, so that no case has to wait for an open period. */
export interface ManualClock extends Clock {
  time: number
}

export function manualClock(): ManualClock {
  return {
    time: 1_000,
    now() {
      return this.time
    },
  }
}
