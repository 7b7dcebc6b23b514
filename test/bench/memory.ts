/** What a breaker takes up, and whether it gives it back. Needs `--expose-gc`. */
import { CircuitBreaker } from "../../src/index.ts"
import type { Contender } from "./contenders.ts"
import { fail, succeed } from "./loops.ts"

declare const gc: () => void
declare const process: { memoryUsage(): { readonly heapUsed: number } }

/** Bytes of an idle breaker. */
export function heapOf({ create, dispose }: Contender): number {
  const kept: unknown[] = []
  const before = heapUsed()
  for (let i = 0; i < 5_000; i++) kept.push(create())
  const bytes = (heapUsed() - before) / kept.length
  kept.forEach(dispose)
  return Math.round(bytes)
}

/** How many of so many breakers are left that were used, some of them opened, and dropped. */
export async function leftOf(count: number): Promise<number> {
  const dropped: WeakRef<CircuitBreaker>[] = []
  for (let i = 0; i < count; i++) dropped.push(await used(i))
  for (let round = 0; round < 10; round++) {
    // To look at a reference would keep what it refers to until the job ends.
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
