import { background } from "./background.ts"
import { brownOuts } from "./brown-out.ts"
import { outages } from "./outage.ts"
import { brokenClients, shards } from "./partial.ts"
import { detection, falseOpenings } from "./rates.ts"
import type { Scenario } from "./scenario.ts"
import { storeOutage } from "./store-outage.ts"

/** All scenarios, in the order in which they are printed. */
export const scenarios: readonly Scenario[] = [
  ...outages,
  ...background,
  shards,
  brokenClients,
  storeOutage,
  brownOuts,
  detection,
  ...falseOpenings,
]
