/** Rules for when a breaker without a store opens. All stay open for 30 s. */
import { anyOf, consecutiveFailures, failureRate, type Preset } from "../../src/index.ts"
import { cumulativeSum } from "./cumulative-sum.ts"
import type { Variant } from "./variant.ts"

const rule = (name: string, preset: () => Preset): Variant => ({ name, breaker: () => ({ ...preset(), timeout: 30_000 }) })

export const rules: readonly Variant[] = [
  rule("3 in a row", () => consecutiveFailures(3)),
  rule("5 in a row", () => consecutiveFailures(5)),
  rule("6 in a row (default)", () => consecutiveFailures(6)),
  rule("8 in a row", () => consecutiveFailures(8)),
  rule("half of 20 in 10 s", () => failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 })),
  rule("half of 5 in 60 s", () => failureRate({ threshold: 0.5, minimumRequests: 5, within: 60_000 })),
  rule("half of 10 of the last 20", () => failureRate({ threshold: 0.5, minimumRequests: 10, last: 20 })),
  rule("6 in a row or half of the last 20", () => anyOf(consecutiveFailures(6), failureRate({ threshold: 0.5, minimumRequests: 20, last: 20 }))),
  rule("8 in a row or half of the last 30", () => anyOf(consecutiveFailures(8), failureRate({ threshold: 0.5, minimumRequests: 30, last: 30 }))),
  rule("8 in a row or half of 20 in 10 s", () => anyOf(consecutiveFailures(8), failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }))),
  rule("evidence .1/.6, 9", () => cumulativeSum({ healthy: 0.1, failing: 0.6, evidence: 9 })),
  rule("evidence .1/.8, 12", () => cumulativeSum({ healthy: 0.1, failing: 0.8, evidence: 12 })),
]
