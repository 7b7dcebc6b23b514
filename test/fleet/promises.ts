/** The promises for fleets that share their verdict, and explanations for each that is missed. */
import type { OutageMetrics } from "./metrics.ts"
import type { Plan } from "./plan.ts"
import type { Variant } from "./variant.ts"

export const MOST_DOOMED_PER_MINUTE = 10
export const MOST_FAILURES_TO_OPEN = 8
export const MOST_PROBES_AT_ONCE = 1
export const LARGEST_OVERSHOOT = 1

/** The promises that were missed in an outage, as sentences. They apply only to fleets that share with leases. */
export function outagePromises({ name, object, deadline }: Variant, metrics: OutageMetrics, plan: Plan): string[] {
  const settings = object?.()
  if (!settings || deadline !== undefined) return []
  const missed: string[] = []
  const { doomedPerMinute, failuresToOpen, doomedToOpen, peak, overshoot } = metrics
  if (doomedPerMinute > MOST_DOOMED_PER_MINUTE) {
    missed.push(
      `M1: ${Math.round(doomedPerMinute)} requests a minute reach the dead origin, more than ${MOST_DOOMED_PER_MINUTE}` +
        (failuresToOpen === undefined
          ? ": the shared record never opened."
          : ": clients that had not called before, of which each learns by a failure of its own, or probes whose lease did not come in time."),
    )
  }
  if (failuresToOpen === undefined || failuresToOpen > MOST_FAILURES_TO_OPEN) {
    missed.push(
      `M2: ${failuresToOpen ?? "any number of"} failures are counted before it opens, more than ${MOST_FAILURES_TO_OPEN}` +
        `: each of ${plan.clients} clients reports only once it fails, so first failures say little until some of them are followed by others.`,
    )
  } else if ((doomedToOpen ?? 0) > MOST_FAILURES_TO_OPEN) {
    missed.push(
      `M2: ${failuresToOpen} failures are enough, but ${doomedToOpen} calls had reached the origin when it opened, ` +
        "since reports take their time to arrive.",
    )
  }
  if (peak > MOST_PROBES_AT_ONCE) {
    missed.push(`M3: up to ${peak} probes in one second: some were made without a lease, which did not come in time.`)
  }
  if (settings.slowStart && overshoot > LARGEST_OVERSHOOT) {
    missed.push(`M5: the load was ${overshoot.toFixed(2)} times what the origin could serve.`)
  }
  return missed.map((text) => `* ${name}: misses ${text}`)
}
