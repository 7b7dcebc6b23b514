// Paired rounds: in each, every contender runs once, in another order, beside the bare call. What is
// kept is the ratio to the bare call of the same round, and of these the median: a machine that is
// slow for a while is slow for both.

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

function shuffled(list) {
  const copy = [...list]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[copy[i], copy[j]] = [copy[j], copy[i]]
  }
  return copy
}

/**
 * @param bare - Prepares the bare call: returns an async function that runs it so many times.
 * @param subjects - By name, the same for each contender.
 * @returns By name, the median of the ratios to the bare call.
 */
export async function pairedRatios(bare, subjects, { rounds, calls, warmUp = 3 }) {
  const ratios = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]))
  for (let round = 0; round < rounds + warmUp; round++) {
    const baseline = await timed(await bare(), calls)
    for (const [name, prepare] of shuffled(Object.entries(subjects))) {
      const ratio = (await timed(await prepare(), calls)) / baseline
      if (round >= warmUp) ratios[name].push(ratio)
    }
  }
  return Object.fromEntries(Object.entries(ratios).map(([name, list]) => [name, median(list)]))
}

async function timed({ run, dispose }, calls) {
  const start = performance.now()
  await run(calls)
  const time = performance.now() - start
  dispose?.()
  return time
}
