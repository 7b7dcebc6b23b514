/** The metrics of a fleet, from what happened second by second. */
import type { Plan } from "./plan.ts"
import type { Outcome } from "./simulation.ts"
import { peak, sum } from "./tally.ts"

// Probes are counted from this many seconds after the beginning of the outage.
const FIRST_MINUTE = 60
// Seconds to average over: in a small fleet a single second has few calls.
const SMOOTHING = 5
const RECOVERED = 0.95
const DETECTED = 0.1

/** M1 to M5 of an outage, and how it was detected. */
export interface OutageMetrics {
  /** M1: requests that reached the dead origin. */
  readonly doomed: number
  /** M1 a minute, in the second half of the outage: by then each client knows of it. */
  readonly doomedPerMinute: number
  /** M2: seconds until at most a tenth of the demand reaches the origin; `undefined` for never. */
  readonly detectedAfter: number | undefined
  /** M2: failed calls until the breaker opened, as counted by the shared record or by the median client. */
  readonly failuresToOpen: number | undefined
  /** M2: requests that reached the origin until the shared record opened. */
  readonly doomedToOpen: number | undefined
  /** M3: the most probes in one second after the first minute, and the ratio of that to their mean. */
  readonly peak: number
  readonly peakToMean: number | undefined
  /** Seconds from the end of the outage until 95 % of the demand succeeds; `undefined` for never. */
  readonly recoveredAfter: number | undefined
  /** M5: the largest load after the outage, as a multiple of what the origin could serve. */
  readonly overshoot: number
  /** M5: share of the demand that fails after the outage. */
  readonly failingAfter: number
}

/** M1 to M5 of a run with an outage. */
export function outageMetrics({ tally, shared, clients }: Outcome, plan: Plan): OutageMetrics {
  const [from, to] = plan.outage!
  const half = from + Math.floor((to - from) / 2)
  const most = peak(tally.probes, from + FIRST_MINUTE, to)
  const mean = sum(tally.probes, from + FIRST_MINUTE, to) / (to - from - FIRST_MINUTE)
  return {
    doomed: sum(tally.reached, from, to),
    doomedPerMinute: (sum(tally.reached, half, to) / (to - half)) * 60,
    detectedAfter: firstSecond(from, to, (s) => tally.reached[s]! <= DETECTED * tally.demand[s]!),
    failuresToOpen: shared ? shared.failures : median(clients.map((client) => client.failuresToOpen ?? Infinity)),
    doomedToOpen: shared?.reached,
    peak: most,
    peakToMean: mean ? most / mean : undefined,
    recoveredAfter: firstSecond(to, plan.seconds - SMOOTHING, (s) => {
      const demand = sum(tally.demand, s, s + SMOOTHING)
      return demand > 0 && sum(tally.succeeded, s, s + SMOOTHING) >= RECOVERED * demand
    }),
    overshoot: overshoot(tally.reached, plan, to),
    failingAfter: sum(tally.failed, to) / sum(tally.demand, to),
  }
}

/** M6: the share of rejected calls, and the openings an hour of each independent breaker. */
export function falseRejections({ tally, objects }: Outcome, plan: Plan): { readonly share: number; readonly opensPerHour: number } {
  const breakers = objects ? 1 : plan.clients
  return {
    share: sum(tally.rejected) / sum(tally.demand),
    opensPerHour: tally.opens / breakers / (plan.seconds / 3_600),
  }
}

/** The median; `undefined` when it is infinite, since then most of the values mean "never". */
export function median(numbers: readonly number[]): number | undefined {
  const middle = [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
  return middle === Infinity ? undefined : middle
}

function overshoot(reached: Float64Array, { origins, seconds }: Plan, from: number): number {
  let largest = 0
  for (let second = from; second + SMOOTHING <= seconds; second++) {
    let capacity = 0
    for (let i = 0; i < SMOOTHING; i++) capacity += origins[0]!.capacity((second + i + 0.5) * 1_000)
    largest = Math.max(largest, sum(reached, second, second + SMOOTHING) / capacity)
  }
  return largest
}

function firstSecond(from: number, to: number, holds: (second: number) => boolean): number | undefined {
  for (let second = from; second < to; second++) if (holds(second)) return second - from
  return undefined
}
