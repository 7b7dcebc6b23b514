/** The cost of a call with many breakers, or with many calls in a window, as ratios to the bare call. */
import { CircuitBreaker, type Settings } from "../../src/index.ts"
import { catching, fail, loop, succeed } from "./loops.ts"
import { pairedRatios, type Effort, type Prepare, type Ratios } from "./paired-ratios.ts"

const never = (): boolean => false

/** Successful calls, each through another breaker, by the number of breakers. */
export async function measureBreakers(sizes: readonly number[], effort: Effort): Promise<Ratios> {
  const ratios: Record<string, number> = {}
  // One size after the other, since the heap of a million breakers would slow down the calls of other sizes.
  for (const size of sizes) {
    const breakers = Array.from({ length: size }, () => new CircuitBreaker())
    let next = 0
    const call = (): Promise<unknown> => {
      // Far from the previous breaker, whose neighbours may be in the processor's cache.
      next = (next + 7_919) % size
      return breakers[next]!.execute(succeed)
    }
    // The first call of each breaker makes objects that its later calls share.
    await loop(call)(size)
    const subject = { [size]: () => ({ run: loop(call) }) }
    Object.assign(ratios, await pairedRatios(() => ({ run: loop(succeed) }), subject, effort))
  }
  return ratios
}

/** Failing calls in a full window of calls, by its size. */
export async function measureCallWindows(sizes: readonly number[], effort: Effort): Promise<Ratios> {
  return measureFailing(sizes, effort, (windowSize) => ({ windowSize }))
}

/** Failing calls in a full window of buckets, by their number. Each call begins a bucket and ends one. */
export async function measureTimeWindows(sizes: readonly number[], effort: Effort): Promise<Ratios> {
  let now = 0
  const clock = { now: () => now }
  return measureFailing(
    sizes,
    effort,
    (size) => ({ interval: size, bucketPeriod: 1, clock }),
    () => (now += 1),
  )
}

async function measureFailing(
  sizes: readonly number[],
  effort: Effort,
  settings: (size: number) => Settings,
  before: () => void = () => {},
): Promise<Ratios> {
  const subject = (size: number): Prepare => {
    const breaker = new CircuitBreaker({ readyToTrip: never, ...settings(size) })
    const call = (): Promise<unknown> => {
      before()
      return breaker.execute(fail)
    }
    let full: Promise<void> | undefined
    return async () => {
      await (full ??= catching(call)(size))
      return { run: catching(call) }
    }
  }
  return pairedRatios(() => ({ run: catching(fail) }), bySize(sizes, subject), { ...effort, calls: effort.calls / 4 })
}

function bySize(sizes: readonly number[], subject: (size: number) => Prepare): Record<string, Prepare> {
  return Object.fromEntries(sizes.map((size) => [size, subject(size)]))
}
