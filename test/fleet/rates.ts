/** Which rule suits which traffic: M2 and M6 of a breaker without a store, at rates from a page's to a Worker's. */
import { backgroundPlan } from "./background.ts"
import { falseRejections, median } from "./metrics.ts"
import type { Plan } from "./plan.ts"
import { rules } from "./rules.ts"
import type { Context, Scenario } from "./scenario.ts"
import { figure, percent, type Table } from "./table.ts"
import type { Variant } from "./variant.ts"
import { LINK, returning, STORE } from "./world.ts"

const RATES = [0.05, 0.2, 1, 5, 20]
const HEALTHY = 120
const OUTAGE = 1_200

function outagePlan(clients: number, rate: number): Plan {
  const outage = [HEALTHY, HEALTHY + OUTAGE] as const
  return { clients, rate, seconds: outage[1], origins: [returning(clients * rate, outage)], link: LINK, store: STORE, outage }
}

const perRate = (name: string, title: string, cell: (context: Context, rule: Variant, rate: number) => Promise<string>): Scenario => ({
  name,
  title,
  async run(context: Context): Promise<Table> {
    const rows: string[][] = []
    for (const rule of context.choose(rules)) {
      const cells: string[] = []
      for (const rate of RATES) cells.push(await cell(context, rule, rate))
      rows.push([rule.name, ...cells])
    }
    return { columns: ["", ...RATES.map((rate) => `${rate}/s`)], rows, notes: [] }
  },
})

export const detection: Scenario = perRate(
  "detection",
  "M2: seconds / failed calls until half of the clients have opened, each by itself",
  async (context, rule, rate) => {
    const plan = outagePlan(context.quick || rate > 1 ? 40 : 200, rate)
    const { clients } = await context.simulate(rule, plan)
    const seconds = median(clients.map((client) => (client.openedAt ?? Infinity) - HEALTHY))
    return seconds === undefined ? "never" : `${figure(seconds)} / ${median(clients.map((client) => client.failuresToOpen ?? Infinity))}`
  },
)

// Openings may be rare, so many calls are needed to see one.
const CALLS = 500_000
const QUICK_CALLS = 100_000
const LONGEST = 3_600

function errorsScenario(errors: number): Scenario {
  return perRate(
    `errors-${errors * 100}`,
    `M6: calls rejected at ${errors * 100} % background errors, each client by itself, open for 30 s`,
    async (context, rule, rate) => {
      const calls = context.quick ? QUICK_CALLS : CALLS
      const plan = backgroundPlan(Math.ceil(Math.min(calls / (LONGEST * rate), 1_000)), rate, errors, LONGEST)
      return percent(falseRejections(await context.simulate(rule, plan), plan).share)
    },
  )
}

export const falseOpenings: readonly Scenario[] = [errorsScenario(0.1), errorsScenario(0.2)]
