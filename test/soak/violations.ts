/** What must hold for a client without calls under way, whatever its origin did. */
import type { Tally } from "./client.ts"

/**
 * Compares the calls of the client, the counts of its breaker and the requests at the origin. Returns a
 * sentence for each difference.
 */
export function disagreements(tally: Tally, reached: number): string[] {
  const { calls, sent, givenUp, rejected, settled, refused } = tally
  const found: string[] = []
  const expect = (holds: boolean, what: string): void => void (holds || found.push(`${what}: ${JSON.stringify({ ...tally, reached })}`))
  expect(calls === sent + rejected, "each call is sent or rejected")
  expect(settled === sent, "the breaker counts what was sent")
  expect(refused === rejected, "the breaker announces what it rejects")
  // A call that is given up early enough does not reach the origin.
  expect(reached <= sent && reached >= sent - givenUp, "the origin counts what was sent")
  return found
}

const NOISE = 1_000_000

/**
 * Returns a sentence if a heap, measured in bytes again and again, has grown by more than noise: if it was
 * never as small in the second half as it once was in the first.
 */
export function heapGrowth(heaps: readonly number[]): string[] {
  const middle = Math.ceil(heaps.length / 2)
  const grown = Math.min(...heaps.slice(middle)) - Math.min(...heaps.slice(0, middle))
  return grown > NOISE && grown < Infinity ? [`the heap grew by ${grown} bytes: ${heaps.join(", ")}`] : []
}
