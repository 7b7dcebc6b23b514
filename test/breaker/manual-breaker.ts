/** Breakers that open at the first failure, for a second, by a clock that only the test moves. */
import { expect } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"

/** The clock of all breakers that are made here. */
export const clock = { time: 0, now: (): number => clock.time }

/** Before each test. Each file says so itself: a hook of this module would be one of the first file that imports it. */
export const restart = (): void => {
  clock.time = 0
}

export const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock, timeout: 1_000, ...consecutiveFailures(1), ...settings })

/** A breaker, and the changes of state that it announces. */
export function watched(settings?: Settings): { breaker: CircuitBreaker; changes: string[] } {
  const changes: string[] = []
  const breaker = make({ ...settings, onStateChange: (_, from, to) => changes.push(`${from} ${to}`) })
  return { breaker, changes }
}

/** A breaker whose open period has just ended. */
export function halfOpen(settings?: Settings): CircuitBreaker {
  const breaker = make(settings)
  breaker.trip()
  clock.time += 1_001
  expect(breaker.state).toBe("half-open")
  return breaker
}

/** Restores a breaker from its snapshot as JSON, on a clock with another origin. */
export function resume(breaker: CircuitBreaker, settings?: Settings, origin = -4_321.5): CircuitBreaker {
  const snapshot: unknown = JSON.parse(JSON.stringify(breaker.snapshot()))
  return make({ ...settings, clock: { now: () => clock.time + origin }, snapshot })
}
