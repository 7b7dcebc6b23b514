/** The memory of a breaker, and whether it is freed. Needs `--expose-gc`. */
import { CircuitBreaker } from "../../src/index.ts"
import type { Contender } from "./contenders.ts"
import { fail, succeed } from "./loops.ts"

declare const gc: () => void
declare const process: { memoryUsage(): { readonly heapUsed: number } }

// So many that what the engine itself allocates meanwhile, half a megabyte in some runs, does not show.
const KEPT = 50_000

/** Bytes of an idle breaker. */
export function heapOf({ create, dispose }: Contender): number {
  // The first ones bring what all share: compiled code, and what engines learn about it.
  for (let i = 0; i < 1_000; i++) dispose(create())
  const kept = new Array<unknown>(KEPT).fill(undefined)
  const before = heapUsed()
  for (let i = 0; i < KEPT; i++) kept[i] = create()
  const bytes = (heapUsed() - before) / KEPT
  kept.forEach(dispose)
  return Math.round(bytes)
}

/** Uses and drops `count` breakers, some of them opened. Returns how many are not garbage-collected. */
export async function leftOf(count: number): Promise<number> {
  const dropped: WeakRef<CircuitBreaker>[] = []
  for (let i = 0; i < count; i++) dropped.push(await used(i))
  for (let round = 0; round < 10; round++) {
    // No reference is read here: reading one would keep its breaker until the job ends.
    await new Promise((resolve) => setTimeout(resolve, 1))
    gc()
  }
  return dropped.filter((ref) => ref.deref()).length
}

async function used(i: number): Promise<WeakRef<CircuitBreaker>> {
  const breaker = new CircuitBreaker({ name: `${i}`, callTimeout: 60_000, windowSize: 10 })
  breaker.addEventListener("failure", () => {})
  await breaker.execute(succeed)
  for (let failures = i % 10; failures > 0; failures--) await breaker.execute(fail).catch(() => {})
  return new WeakRef(breaker)
}

function heapUsed(): number {
  gc()
  gc()
  return process.memoryUsage().heapUsed
}
