/** Some simulated minutes of `npm run soak`, which takes longer and uses real traffic too. */
import { expect, test } from "vitest"
import type { Tally } from "./client.ts"
import { randomFrom } from "./random.ts"
import { simulate } from "./simulation.ts"
import { disagreements, heapGrowth } from "./violations.ts"

test("each outage opens the breaker once, and each recovery closes it", async () => {
  const { outages, calls, rejected, reached, violations } = await simulate(5, randomFrom(1))
  expect(violations).toEqual([])
  expect(outages).toBeGreaterThanOrEqual(4)
  expect(reached + rejected).toBe(calls)
  expect(rejected).toBeGreaterThan(1_000)
})

const tally: Tally = {
  calls: 10, sent: 6, givenUp: 1, rejected: 4, settled: 6, refused: 4, opened: 1, closed: 1, state: "closed",
}

test("a client, its breaker and its origin agree when they count the same calls", () => {
  expect(disagreements(tally, 6)).toEqual([])
  expect(disagreements(tally, 5)).toEqual([])
})

test.each([
  ["a call is lost", { calls: 11 }, 6],
  ["the breaker misses an outcome", { settled: 5 }, 6],
  ["the breaker announces too little", { refused: 3 }, 6],
  ["the origin is called behind the breaker", {}, 7],
  ["the origin misses more than was given up", {}, 4],
] as const)("they disagree when %s", (_, changes, reached) => {
  expect(disagreements({ ...tally, ...changes }, reached)).toHaveLength(1)
})

test("a heap may go up and down, and grow a little, but not grow continuously", () => {
  expect(heapGrowth([])).toEqual([])
  expect(heapGrowth([5e6])).toEqual([])
  expect(heapGrowth([5e6, 9e6, 8e6, 5.9e6, 8e6])).toEqual([])
  expect(heapGrowth([5e6, 5.5e6, 6.5e6, 7e6])).toHaveLength(1)
})
