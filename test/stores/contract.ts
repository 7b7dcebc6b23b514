import { afterEach, beforeEach, describe, test, vi } from "vitest"
import { assertions } from "../runtimes/assertions.ts"
import { contractCases, type SharedPlace } from "./contract-cases.ts"

/** Runs the cases of the contract as tests, on a clock that only the cases move. */
export function storeContract(name: string, open: () => SharedPlace): void {
  describe(`${name} as a store`, () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
    })
    afterEach(() => {
      vi.useRealTimers()
    })

    for (const item of contractCases(open, { pass: (ms) => vi.advanceTimersByTimeAsync(ms) })) {
      test(item.name, () => item.run(assertions))
    }
  })
}
