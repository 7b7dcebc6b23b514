/** `npm run simulate`: runs the scenarios and prints their results as tables in Markdown. */
import { HELP, readArguments, WrongArgument, type Arguments } from "./arguments.ts"
import type { Context, Scenario } from "./scenario.ts"
import { scenarios } from "./scenarios.ts"
import { ownVariant } from "./own-variant.ts"
import { simulate } from "./simulation.ts"
import { printTable } from "./table.ts"

async function contextOf({ seed, quick, settings }: Arguments): Promise<Context> {
  const own = settings === undefined ? undefined : await ownVariant(settings)
  return {
    quick,
    choose: (variants) => (own ? [own] : variants),
    simulate: (variant, plan) => simulate(variant, plan, seed),
  }
}

/** Prints a table. The time that it took goes to standard error, so that the output is the same each time. */
async function print(scenario: Scenario, context: Context): Promise<void> {
  const start = process.hrtime.bigint()
  const table = await scenario.run(context)
  console.log(`## ${scenario.name}\n\n${scenario.title}.\n\n${printTable(table)}\n`)
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  console.error(`(${scenario.name}: ${seconds.toFixed(1)} s)`)
}

const names = scenarios.map(({ name }) => name)
try {
  const asked = readArguments(process.argv.slice(2), names)
  if (asked.help) {
    console.log(`${HELP}\nScenarios: ${names.join(", ")}`)
  } else {
    await printAll(asked)
  }
} catch (error) {
  // For a wrong argument, a stack trace would only hide the message.
  if (!(error instanceof WrongArgument)) throw error
  console.error(`${error.message}\nnpm run simulate -- --help tells what there is.`)
  process.exitCode = 2
}

async function printAll(asked: Arguments): Promise<void> {
  const context = await contextOf(asked)
  const chosen = scenarios.filter(({ name }) => asked.scenarios.length === 0 || asked.scenarios.includes(name))
  for (const scenario of chosen) await print(scenario, context)
}
