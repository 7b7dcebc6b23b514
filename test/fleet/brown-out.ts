/** An origin that is neither up nor down: slow, and failing a share of its calls. */
import type { OriginPlan } from "./origin.ts"
import type { Plan } from "./plan.ts"
import type { Context, Scenario } from "./scenario.ts"
import { percent, type Table } from "./table.ts"
import { sum } from "./tally.ts"
import { local, shared, unprotected } from "./variants.ts"
import { healthy, LINK, STORE } from "./world.ts"

const FROM = 60
const TO = 240

function brownOut(demand: number, errors: number, serviceTime: number): OriginPlan {
  const isOn = (now: number): boolean => now >= FROM * 1_000 && now < TO * 1_000
  return {
    ...healthy(demand),
    errors: (now) => (isOn(now) ? errors : 0),
    serviceTime: (now) => (isOn(now) ? serviceTime : 40),
  }
}

const KINDS: Readonly<Record<string, readonly [errors: number, serviceTime: number]>> = {
  "30 % fail": [0.3, 40],
  "80 % fail": [0.8, 40],
  "none fail, 3 s each": [0, 3_000],
}

export const brownOuts: Scenario = {
  name: "brown-out",
  title: "Three minutes of brown-out: calls that succeed / fail / are rejected, 500 isolates at 2 calls a second",
  async run(context: Context): Promise<Table> {
    const clients = context.quick ? 100 : 500
    const rows: string[][] = []
    for (const variant of [unprotected, ...context.choose([...local, ...shared.slice(2, 5)])]) {
      const cells: string[] = []
      for (const [errors, serviceTime] of Object.values(KINDS)) {
        const origins = [brownOut(clients * 2, errors, serviceTime)]
        const plan: Plan = { clients, rate: 2, seconds: TO, origins, link: LINK, store: STORE }
        const { tally } = await context.simulate(variant, plan)
        const parts = [tally.succeeded, tally.failed, tally.rejected]
        cells.push(parts.map((part) => percent(sum(part, FROM, TO) / sum(tally.demand, FROM, TO))).join(" / "))
      }
      rows.push([variant.name, ...cells])
    }
    return { columns: ["", ...Object.keys(KINDS)], rows, notes: [] }
  },
}
