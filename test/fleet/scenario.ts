import type { Outcome } from "./simulation.ts"
import type { Plan } from "./plan.ts"
import type { Table } from "./table.ts"
import type { Variant } from "./variant.ts"

/** How the scenarios are to be run. */
export interface Context {
  readonly quick: boolean
  /** Those asked for, or else the ones that the scenario compares. */
  choose(variants: readonly Variant[]): readonly Variant[]
  simulate(variant: Variant, plan: Plan): Promise<Outcome>
}

/** Something that goes wrong, and the table of how each variant fares in it. */
export interface Scenario {
  readonly name: string
  readonly title: string
  run(context: Context): Promise<Table>
}
