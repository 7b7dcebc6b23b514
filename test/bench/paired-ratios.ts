/**
 * Paired rounds: in each, every subject and the bare call run once, in another order. The result is the median
 * of the ratios to the bare call of the same round, since a machine that is slow for a while is slow for both.
 *
 * @module
 */

/** What is timed. It is made anew for each round. */
export interface Subject {
  run(calls: number): Promise<void>
  dispose?(): void
}

export type Prepare = () => Subject | Promise<Subject>

/** The median of the ratios to the bare call, by name. */
export type Ratios = Readonly<Record<string, number>>

/** The amount of work: each measurement makes `calls` calls, or a part of them, in each of `rounds` rounds. */
export interface Effort {
  readonly rounds: number
  /** Rounds before those that count. */
  readonly warmUp: number
  readonly calls: number
}

export async function pairedRatios(
  bare: Prepare,
  subjects: Readonly<Record<string, Prepare>>,
  { rounds, warmUp, calls }: Effort,
): Promise<Ratios> {
  const ratios = Object.entries(subjects).map(([name, prepare]) => ({ name, prepare, list: [] as number[] }))
  for (let round = 0; round < rounds + warmUp; round++) {
    const baseline = await timed(bare, calls)
    for (const { prepare, list } of shuffled(ratios)) {
      const ratio = (await timed(prepare, calls)) / baseline
      if (round >= warmUp) list.push(ratio)
    }
  }
  return Object.fromEntries(ratios.map(({ name, list }) => [name, median(list)]))
}

async function timed(prepare: Prepare, calls: number): Promise<number> {
  const { run, dispose } = await prepare()
  const start = performance.now()
  await run(calls)
  const time = performance.now() - start
  dispose?.()
  return time
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? NaN
}

function shuffled<T>(list: readonly T[]): T[] {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j]!, copy[i]!]
  }
  return copy
}
