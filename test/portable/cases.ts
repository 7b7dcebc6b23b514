/** The suite that runs in every runtime. */
import type { Case } from "../runtimes/suite.ts"
import { cases as aborts } from "./cases/aborts.ts"
import { cases as bodies } from "./cases/bodies.ts"
import { cases as calling } from "./cases/calling.ts"
import { cases as keys } from "./cases/keys.ts"
import { cases as networkErrors } from "./cases/network-errors.ts"
import { cases as open } from "./cases/open.ts"
import { cases as redirects } from "./cases/redirects.ts"
import { cases as refusedArguments } from "./cases/refused-arguments.ts"
import { cases as retryAfter } from "./cases/retry-after.ts"
import { cases as statuses } from "./cases/statuses.ts"

export const cases: Case[] = [
  ...statuses,
  ...networkErrors,
  ...redirects,
  ...refusedArguments,
  ...aborts,
  ...open,
  ...retryAfter,
  ...bodies,
  ...keys,
  ...calling,
]
