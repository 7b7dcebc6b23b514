/** An origin is down for minutes and comes back slowly: M1 to M5. */
import { outageMetrics, type OutageMetrics } from "./metrics.ts"
import type { Plan } from "./plan.ts"
import { outagePromises } from "./promises.ts"
import type { Context, Scenario } from "./scenario.ts"
import { figure, percent, type Table } from "./table.ts"
import type { Variant } from "./variant.ts"
import { local, shared, unprotected } from "./variants.ts"
import { LINK, returning, STORE } from "./world.ts"

/** A fleet of `clients`, each with `rate` calls a second. */
export interface Fleet {
  readonly clients: number
  readonly rate: number
  /** Seconds of the outage, and seconds that are simulated after it. */
  readonly outage: number
  readonly after?: number
}

const BEFORE = 60
const AFTER = 240

export function outagePlan({ clients, rate, outage, after = AFTER }: Fleet): Plan {
  const period = [BEFORE, BEFORE + outage] as const
  return {
    clients,
    rate,
    seconds: BEFORE + outage + after,
    origins: [returning(clients * rate, period)],
    link: LINK,
    store: STORE,
    outage: period,
  }
}

const COLUMNS = [
  "",
  "M1 doomed",
  "a minute",
  "M2 load <= 10 %, s",
  "M2 failures to open",
  "M3 peak, 1/s",
  "peak : mean",
  "M4 recovers later by, s",
  "M5 overshoot",
  "failing after",
]

/** A table of the outage with each variant. The first row is without a breaker. */
export function outageScenario(name: string, title: string, fleet: Fleet, quick: Fleet, variants: readonly Variant[]): Scenario {
  return {
    name,
    title,
    async run(context: Context): Promise<Table> {
      const plan = outagePlan(context.quick ? quick : fleet)
      const bare = outageMetrics(await context.simulate(unprotected, plan), plan)
      const rows = [row(unprotected.name, bare, bare)]
      const notes: string[] = []
      for (const variant of context.choose(variants)) {
        const metrics = outageMetrics(await context.simulate(variant, plan), plan)
        rows.push(row(variant.name, metrics, bare))
        notes.push(...outagePromises(variant, metrics, plan))
      }
      return { columns: COLUMNS, rows, notes }
    },
  }
}

function row(name: string, metrics: OutageMetrics, bare: OutageMetrics): string[] {
  const { recoveredAfter, doomedToOpen, failuresToOpen } = metrics
  const later = recoveredAfter === undefined ? undefined : recoveredAfter - (bare.recoveredAfter ?? NaN)
  return [
    name,
    figure(metrics.doomed),
    figure(metrics.doomedPerMinute),
    figure(metrics.detectedAfter),
    doomedToOpen === undefined ? `${figure(failuresToOpen)} each` : `${failuresToOpen} of all`,
    figure(metrics.peak),
    figure(metrics.peakToMean),
    recoveredAfter === undefined ? "not in time" : figure(later),
    figure(metrics.overshoot),
    percent(metrics.failingAfter),
  ]
}

export const outages: readonly Scenario[] = [
  outageScenario(
    "isolates",
    "500 isolates at 2 calls a second, ten minutes of outage",
    { clients: 500, rate: 2, outage: 600 },
    { clients: 100, rate: 2, outage: 180 },
    [...local, ...shared],
  ),
  outageScenario(
    "tabs",
    "20 000 tabs at a call every 20 s, seven minutes of outage",
    { clients: 20_000, rate: 0.05, outage: 420, after: 180 },
    { clients: 2_000, rate: 0.05, outage: 180 },
    [local[0]!, local[1]!, local[5]!, shared[1]!, shared[2]!],
  ),
  outageScenario(
    "large",
    "5 000 isolates at 20 calls a second, five minutes of which two and a half are an outage",
    { clients: 5_000, rate: 20, outage: 150, after: 90 },
    { clients: 500, rate: 20, outage: 90, after: 30 },
    [local[0]!, shared[2]!],
  ),
]
