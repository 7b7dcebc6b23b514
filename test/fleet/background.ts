/** An origin that constantly fails a share of its calls, and never goes down: M6. */
import { falseRejections } from "./metrics.ts"
import type { Plan } from "./plan.ts"
import type { Context, Scenario } from "./scenario.ts"
import { figure, percent, type Table } from "./table.ts"
import type { Variant } from "./variant.ts"
import { local, shared, sharedRate } from "./variants.ts"
import { healthy, LOSSLESS, STORE } from "./world.ts"

const SHARES = [0.01, 0.05, 0.1, 0.2]
const PROMISED_UP_TO = 0.1
const SECONDS = 300
export const MOST_FALSE_REJECTIONS = 0.001

export function backgroundPlan(clients: number, rate: number, errors: number, seconds: number): Plan {
  return { clients, rate, seconds, origins: [healthy(clients * rate, errors)], link: LOSSLESS, store: STORE }
}

function backgroundScenario(name: string, clients: number, rate: number, variants: readonly Variant[]): Scenario {
  return {
    name,
    title: `M6: calls rejected, and openings an hour of each breaker, ${clients} isolates at ${rate} calls a second, no outage`,
    async run(context: Context): Promise<Table> {
      const rows: string[][] = []
      const notes: string[] = []
      for (const variant of context.choose(variants)) {
        const cells: string[] = []
        for (const errors of SHARES) {
          const seconds = errors === PROMISED_UP_TO ? SECONDS * 2 : SECONDS
          const plan = backgroundPlan(context.quick ? clients / 5 : clients, rate, errors, seconds)
          const { share, opensPerHour } = falseRejections(await context.simulate(variant, plan), plan)
          cells.push(`${percent(share)} / ${figure(opensPerHour)}`)
          if (errors <= PROMISED_UP_TO && share > MOST_FALSE_REJECTIONS) {
            notes.push(`* ${variant.name}: misses M6: ${percent(share)} rejected at ${errors * 100} % errors, more than 0.1 %.`)
          }
        }
        rows.push([variant.name, ...cells])
      }
      return { columns: ["", ...SHARES.map((share) => `${share * 100} % errors`)], rows, notes }
    },
  }
}

export const background: readonly Scenario[] = [
  backgroundScenario("background", 500, 2, [...local, ...shared]),
  backgroundScenario("background-few-calls", 2_000, 0.1, [...shared, sharedRate]),
]
