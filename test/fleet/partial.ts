/** Failures of some shards or clients, which must not affect the others: M7 and M8. */
import { consecutiveFailures } from "../../src/index.ts"
import type { Plan } from "./plan.ts"
import type { Context, Scenario } from "./scenario.ts"
import { percent, type Table } from "./table.ts"
import { sum } from "./tally.ts"
import type { Variant } from "./variant.ts"
import { local, shared } from "./variants.ts"
import { healthy, LOSSLESS, returning, STORE } from "./world.ts"

const SECONDS = 300
const SHARDS = 10

function shardsPlan(clients: number, rate: number): Plan {
  const demand = (clients * rate) / SHARDS
  const outage = [60, SECONDS - 60] as const
  const origins = Array.from({ length: SHARDS }, (_, shard) => (shard === 0 ? returning(demand, outage) : healthy(demand)))
  return { clients, rate, seconds: SECONDS, origins, link: LOSSLESS, store: STORE, outage }
}

function brokenPlan(clients: number, rate: number, errors: number): Plan {
  return { clients, rate, seconds: SECONDS, origins: [healthy(clients * rate, errors)], link: LOSSLESS, store: STORE, broken: 0.01 }
}

/** A table of the effects on the bystanders of each plan. */
function bystanderScenario(
  name: string,
  title: string,
  promise: string,
  plans: Readonly<Record<string, (quick: boolean) => Plan>>,
  variants: readonly Variant[],
): Scenario {
  return {
    name,
    title,
    async run(context: Context): Promise<Table> {
      const rows: string[][] = []
      const notes: string[] = []
      for (const variant of context.choose(variants)) {
        const cells: string[] = []
        for (const [column, plan] of Object.entries(plans)) {
          const { bystanders } = await context.simulate(variant, plan(context.quick))
          const rejected = sum(bystanders.rejected) / sum(bystanders.demand)
          cells.push(percent(rejected))
          if (rejected > 0) notes.push(`* ${variant.name}: misses ${promise}: ${percent(rejected)} rejected (${column}).`)
        }
        rows.push([variant.name, ...cells])
      }
      return { columns: ["", ...Object.keys(plans)], rows, notes }
    },
  }
}

const oneKey: Variant = { breaker: () => consecutiveFailures(3), name: "3 in a row, one breaker for all shards", oneKey: true }

export const shards: Scenario = bystanderScenario(
  "shards",
  "M7: calls to the nine healthy of ten shards that are rejected, 200 isolates at 5 calls a second",
  "M7",
  { "one of ten shards down": (quick) => shardsPlan(quick ? 50 : 200, 5) },
  [local[0]!, local[2]!, oneKey, ...shared],
)

export const brokenClients: Scenario = bystanderScenario(
  "broken-clients",
  "M8: calls of the others that are rejected while 1 % of the clients are broken, 500 isolates at 2 calls a second",
  "M8",
  {
    "all else well": (quick) => brokenPlan(quick ? 200 : 500, 2, 0),
    "1 % errors besides": (quick) => brokenPlan(quick ? 200 : 500, 2, 0.01),
  },
  [local[0]!, local[2]!, ...shared],
)
