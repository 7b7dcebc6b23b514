// Prints what a call through a breaker costs, as ratios to the bare call, side by side with others,
// and the heap of an idle breaker. `npm run bench`; give a number to run more rounds than 25.
import { contenders } from "./contenders.mjs"
import { pairedRatios } from "./measure.mjs"

const rounds = Number(process.argv[2] ?? 25)
const succeed = async () => 1
const error = new Error("made beforehand")
const fail = async () => {
  throw error
}

const loop = (execute, breaker, call) => async (calls) => {
  for (let i = 0; i < calls; i++) await execute(breaker, call)
}
const catching = (execute, breaker, call) => async (calls) => {
  for (let i = 0; i < calls; i++) {
    try {
      await execute(breaker, call)
    } catch {}
  }
}
const direct = (_, call) => call()

/** The subjects of a measurement: `prepare` makes of a fresh breaker what is timed. */
const each = (prepare) =>
  Object.fromEntries(
    Object.entries(contenders).map(([name, contender]) => [
      name,
      async () => {
        const breaker = contender.create()
        return { run: await prepare(contender, breaker), dispose: () => contender.dispose(breaker) }
      },
    ]),
  )

const closed = await pairedRatios(
  () => ({ run: loop(direct, undefined, succeed) }),
  each(({ execute }, breaker) => loop(execute, breaker, succeed)),
  { rounds, calls: 20_000 },
)

const rejected = await pairedRatios(
  () => ({ run: catching(direct, undefined, fail) }),
  each(({ execute, open }, breaker) => {
    open(breaker)
    return catching(execute, breaker, succeed)
  }),
  { rounds, calls: 5_000 },
)

const failing = await pairedRatios(
  () => ({ run: catching(direct, undefined, fail) }),
  each(async ({ execute }, breaker) => {
    await loop(execute, breaker, succeed)(10_000)
    return catching(execute, breaker, fail)
  }),
  // opossum's cost grows with the square of the failures: more of them would take minutes.
  { rounds: Math.min(rounds, 15), calls: 1_000 },
)

function heap({ create, dispose }) {
  const kept = []
  const used = () => (gc(), gc(), process.memoryUsage().heapUsed)
  const before = used()
  for (let i = 0; i < 5_000; i++) kept.push(create())
  const bytes = (used() - before) / kept.length
  kept.forEach(dispose)
  return Math.round(bytes)
}

const times = (ratio) => `${ratio.toFixed(2)}x`
console.log(`Node ${process.versions.node}, ${rounds} rounds; ratios to the bare call\n`)
console.log("| | closed | rejected while open | failing, 10 000 calls before | heap, bytes |")
console.log("|---|---|---|---|---|")
for (const [name, contender] of Object.entries(contenders)) {
  const failed = name.startsWith("webbreaker, defaults") ? "opens" : times(failing[name])
  console.log(`| ${name} | ${times(closed[name])} | ${times(rejected[name])} | ${failed} | ${heap(contender)} |`)
}
