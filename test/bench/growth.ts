/** What a call costs as breakers, or the calls in a window, become many: ratios to the bare call. */
import { CircuitBreaker, type Settings } from "../../src/index.ts"
import { catching, fail, loop, succeed } from "./loops.ts"
import { pairedRatios, type Effort, type Prepare, type Ratios } from "./paired-ratios.ts"

const never = (): boolean => false

/** Successful calls, each through another of so many breakers. */
export async function measureBreakers(sizes: readonly number[], effort: Effort): Promise<Ratios> {
  const subject = (size: number): Prepare => {
    const breakers = Array.from({ length: size }, () => new CircuitBreaker())
    let next = 0
    const call = (): Promise<unknown> => {
      // Far from the one before, which the processor has at hand.
      next = (next + 7_919) % size
      return breakers[next]!.execute(succeed)
    }
    return () => ({ run: loop(call) })
  }
  return pairedRatios(() => ({ run: loop(succeed) }), bySize(sizes, subject), effort)
}

/** Failing calls in a full window of the last so many. */
export async function measureCallWindows(sizes: readonly number[], effort: Effort): Promise<Ratios> {
  return measureFailing(sizes, effort, (windowSize) => ({ windowSize }))
}

/** Failing calls in a full window of so many buckets, where each call begins a bucket and ends one. */
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
