/** What must be true of a client at rest, whatever its origin did. */
import type { Tally } from "./client.ts"

/**
 * Compares what the client made, what its breaker counted and what reached the origin; says in words
 * what does not agree.
 */
export function disagreements(tally: Tally, reached: number): string[] {
  const { calls, sent, givenUp, rejected, settled, refused } = tally
  const found: string[] = []
  const expect = (holds: boolean, what: string): void => void (holds || found.push(`${what}: ${JSON.stringify({ ...tally, reached })}`))
  expect(calls === sent + rejected, "each call is sent or rejected")
  expect(settled === sent, "the breaker counts what was sent")
  expect(refused === rejected, "the breaker announces what it rejects")
  // Who gives up early enough has not been heard.
  expect(reached <= sent && reached >= sent - givenUp, "the origin counts what was sent")
  return found
}

const NOISE = 1_000_000

/**
 * Says so when a heap, measured in bytes again and again, has grown by more than noise: when it was never
 * as small in the second half as it once was in the first.
 */
export function heapGrowth(heaps: readonly number[]): string[] {
  const middle = Math.ceil(heaps.length / 2)
  const grown = Math.min(...heaps.slice(middle)) - Math.min(...heaps.slice(0, middle))
  return grown > NOISE && grown < Infinity ? [`the heap grew by ${grown} bytes: ${heaps.join(", ")}`] : []
}
