/** The cost of a call through a breaker, by the state of the breaker, as ratios to the call without one. */
import type { Contender } from "./contenders.ts"
import { catching, fail, loop, succeed } from "./loops.ts"
import { pairedRatios, type Effort, type Prepare, type Ratios, type Subject } from "./paired-ratios.ts"

type Contenders = Readonly<Record<string, Contender>>

export interface CallCosts {
  readonly closed: Ratios
  /** Compared with an async function that throws an error made beforehand. */
  readonly rejected: Ratios
}

export async function measureCalls(contenders: Contenders, effort: Effort): Promise<CallCosts> {
  const closed = await pairedRatios(
    () => ({ run: loop(succeed) }),
    each(contenders, ({ execute }, breaker) => loop(() => execute(breaker, succeed))),
    effort,
  )
  const rejected = await pairedRatios(
    () => ({ run: catching(fail) }),
    each(contenders, ({ execute, open }, breaker) => {
      open(breaker)
      return catching(() => execute(breaker, succeed))
    }),
    { ...effort, calls: effort.calls / 4 },
  )
  return { closed, rejected }
}

/** Ratios of failing calls after 10 000 successes. They mean nothing for a breaker that opens. */
export async function measureFailing(contenders: Contenders, effort: Effort): Promise<Ratios> {
  return pairedRatios(
    () => ({ run: catching(fail) }),
    each(contenders, async ({ execute }, breaker) => {
      await loop(() => execute(breaker, succeed))(10_000)
      return catching(() => execute(breaker, fail))
    }),
    // opossum's cost grows with the square of the failures, so more of them would take minutes.
    { ...effort, calls: effort.calls / 20 },
  )
}

/** For each contender, a function that makes a new breaker and prepares it for timing. */
function each(
  contenders: Contenders,
  prepare: (contender: Contender, breaker: unknown) => Subject["run"] | Promise<Subject["run"]>,
): Record<string, Prepare> {
  const subject = async (contender: Contender): Promise<Subject> => {
    const breaker = contender.create()
    return { run: await prepare(contender, breaker), dispose: () => contender.dispose(breaker) }
  }
  return Object.fromEntries(
    Object.entries(contenders).map(([name, contender]) => [name, () => subject(contender)]),
  )
}
