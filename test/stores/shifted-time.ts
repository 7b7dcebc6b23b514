import type { TestTime } from "./contract-cases.ts"

export interface ShiftedTime extends TestTime {
  /** Replaces clocks and timers of this realm, permanently. */
  start(): void
}

// The time limit of a case is a timer too, but a longer one.
const LONG = 10_000

/**
 * Clocks that can be moved forward, with real timers: for stores that are answered from outside of the
 * program.
 */
export function shiftedTime(): ShiftedTime {
  let shift = 0
  let settled: (() => Promise<void>) | undefined
  return {
    start() {
      if (settled) return
      shiftClock(Date)
      shiftClock(performance)
      settled = idleTimers()
    },
    async pass(ms) {
      shift += ms
      await settled?.()
    },
  }

  function shiftClock(clock: { now(): number }): void {
    const now = clock.now.bind(clock)
    clock.now = () => now() + shift
  }
}

/** Waits until no timer is under way. Each exchange with a store has one, which it stops at its end. */
function idleTimers(): () => Promise<void> {
  const { setTimeout: start, clearTimeout: stop } = globalThis
  const underWay = new Set<unknown>()
  Object.assign(globalThis, {
    setTimeout(callback: () => void, ms = 0): unknown {
      const timer: unknown = start(() => {
        underWay.delete(timer)
        callback()
      }, ms)
      if (ms < LONG) underWay.add(timer)
      return timer
    },
    clearTimeout(timer: number | undefined): void {
      underWay.delete(timer)
      stop(timer)
    },
  })
  const turn = (): Promise<void> => new Promise((resolve) => void start(resolve, 0))
  return async () => {
    do await turn()
    while (underWay.size > 0)
  }
}
