/** What happened to the calls, second by second. */
export class Tally {
  /** All calls that clients wanted to make. */
  readonly demand: Float64Array
  /** Calls that reached the origin. */
  readonly reached: Float64Array
  /** Calls that reached the origin from clients whose breaker has opened in the outage. */
  readonly probes: Float64Array
  readonly succeeded: Float64Array
  readonly failed: Float64Array
  readonly rejected: Float64Array
  /** Openings of closed breakers: of the clients, or of the shared record if there is one. */
  opens = 0

  constructor(seconds: number) {
    const series = (): Float64Array => new Float64Array(seconds + 1)
    this.demand = series()
    this.reached = series()
    this.probes = series()
    this.succeeded = series()
    this.failed = series()
    this.rejected = series()
  }

  add(series: Float64Array, now: number): void {
    const second = Math.floor(now / 1_000)
    if (second < series.length) series[second]! += 1
  }
}

/** The sum over the seconds from `from` to before `to`. */
export function sum(series: Float64Array, from = 0, to = series.length): number {
  let total = 0
  for (let second = from; second < to; second++) total += series[second] ?? 0
  return total
}

/** The largest value of the seconds from `from` to before `to`. */
export function peak(series: Float64Array, from = 0, to = series.length): number {
  let largest = 0
  for (let second = from; second < to; second++) largest = Math.max(largest, series[second] ?? 0)
  return largest
}
