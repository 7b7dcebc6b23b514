/**
 * The default clock: `performance`, whatever that is at the moment. Fake timers replace it and put it back, while
 * breakers that were made before go on.
 *
 * @module
 */
let date: DateConstructor
let source: { now(): number }

/** The clock for a new breaker. Looks `performance` up, since some tests replace nothing else. */
export function platformClock(): { now(): number } {
  date = Date
  source = performance
  return clock
}

const clock = {
  now(): number {
    // Fake timers replace `Date` as well. That is a plain global, while `performance` is a getter in Node, which
    // costs as much as the call of `now`.
    if (date !== Date) platformClock()
    return source.now()
  },
}
