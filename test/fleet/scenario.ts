import type { Outcome } from "./simulation.ts"
import type { Plan } from "./plan.ts"
import type { Table } from "./table.ts"
import type { Variant } from "./variant.ts"

/** How to run the scenarios. */
export interface Context {
  readonly quick: boolean
  /** The variants that the user asked for, or by default those of the scenario. */
  choose(variants: readonly Variant[]): readonly Variant[]
  simulate(variant: Variant, plan: Plan): Promise<Outcome>
}

/** Something that goes wrong, and a table of the results of each variant. */
export interface Scenario {
  readonly name: string
  readonly title: string
  run(context: Context): Promise<Table>
}
