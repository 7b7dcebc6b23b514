/** The store is slow or down, with and without an outage of the origin: the second half of M8. */
import { outageMetrics } from "./metrics.ts"
import type { FleetObjects, StorePlan } from "./fleet-objects.ts"
import { outagePlan } from "./outage.ts"
import type { Plan } from "./plan.ts"
import type { Context, Scenario } from "./scenario.ts"
import { figure, percent, type Table } from "./table.ts"
import { sum } from "./tally.ts"
import { shared, unprotected } from "./variants.ts"
import { healthy, LINK, STORE } from "./world.ts"

const within = (from: number, to: number) => (now: number): boolean => now >= from * 1_000 && now < to * 1_000
// From the third minute of the outage to the fifth.
const isOut = within(180, 300)

const STORES: Readonly<Record<string, StorePlan>> = {
  "as it should be": STORE,
  "down for two minutes": { ...STORE, isDown: isOut },
  "slow for two minutes, 2 s": { ...STORE, slowness: (now) => (isOut(now) ? 2_000 : 0) },
  "always down": { ...STORE, isDown: () => true },
}

const COLUMNS = ["", "store", "M8 added failures, no outage", "M1 doomed", "a minute", "M3 peak, 1/s", "M5 overshoot", "exchanges"]

export const storeOutage: Scenario = {
  name: "store-outage",
  title: "A store that is slow or down, 500 isolates at 2 calls a second, without and within an outage of the origin",
  async run(context: Context): Promise<Table> {
    const rows: string[][] = []
    const notes: string[] = []
    const clients = context.quick ? 100 : 500
    const outage = outagePlan({ clients, rate: 2, outage: 300 })
    const quiet: Plan = { clients, rate: 2, seconds: 360, origins: [healthy(clients * 2, 0.01)], link: LINK, store: STORE }
    const bare = await context.simulate(unprotected, quiet)
    for (const variant of context.choose(shared.slice(1, 3))) {
      for (const [name, store] of Object.entries(STORES)) {
        const { tally } = await context.simulate(variant, { ...quiet, store })
        const added = (sum(tally.failed) + sum(tally.rejected) - sum(bare.tally.failed)) / sum(tally.demand)
        const outcome = await context.simulate(variant, { ...outage, store })
        const { doomed, doomedPerMinute, peak, overshoot } = outageMetrics(outcome, outage)
        const exchanges = (outcome.objects as FleetObjects | undefined)?.exchanges
        rows.push([variant.name, name, percent(Math.max(added, 0)), ...[doomed, doomedPerMinute, peak, overshoot, exchanges].map(figure)])
      }
    }
    return { columns: COLUMNS, rows, notes }
  },
}
