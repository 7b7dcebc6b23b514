import { beforeEach, describe, expect, test } from "vitest"
import { counts, succeed } from "./calls.ts"
import { clock, make, restart, resume } from "./manual-breaker.ts"

beforeEach(restart)

beforeEach(() => {
  clock.time = 5_000
})

describe("snapshot(), half-open", () => {
  test("gives back the slots of calls under way, so that the next call probes #63", async () => {
    const breaker = make()
    breaker.trip()
    clock.time += 1_001
    breaker.allow()
    const other = resume(breaker)
    expect(other.state).toBe("half-open")
    await succeed(other)
    expect(other.state).toBe("closed")
  })

  test("keeps the successes so far #63", async () => {
    const breaker = make({ maxRequests: 3 })
    breaker.trip()
    clock.time += 1_001
    await succeed(breaker, 2)
    const other = resume(breaker, { maxRequests: 3 })
    expect(other.counts).toEqual(
      counts({ requests: 2, totalSuccesses: 2, consecutiveSuccesses: 2 }),
    )
    await succeed(other)
    expect(other.state).toBe("closed")
  })

  test.each([1, 2])(
    "does not block a breaker whose maxRequests is only %i #63",
    async (maxRequests) => {
      const breaker = make({ maxRequests: 3 })
      breaker.trip()
      clock.time += 1_001
      await succeed(breaker, 2)
      const other = resume(breaker, { maxRequests })
      clock.time += 86_400_000
      await succeed(other)
      expect(other.state).toBe("closed")
    },
  )

  test("is half-open when it is taken after the open period", () => {
    const breaker = make()
    breaker.trip()
    clock.time += 1_001
    expect(breaker.snapshot()).toMatchObject({ state: "half-open", remaining: 0 })
  })
})
