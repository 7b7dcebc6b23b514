/** The arguments of `npm run simulate`. */
export interface Arguments {
  readonly seed: number
  readonly quick: boolean
  readonly help: boolean
  /** Names of scenarios; an empty list means all. */
  readonly scenarios: readonly string[]
  /** Path of a file of settings. */
  readonly settings: string | undefined
}

export const HELP = `npm run simulate -- [options]

  --quick            smaller fleets and shorter outages: about a minute
  --seed <n>         another course of the same events; the same seed prints the same tables
  --scenario <name>  only this one; may be given several times
  --settings <file>  a module with settings of your own, instead of those that are compared:
                       export const breaker = { ... }   of each client's breaker
                       export const object = { ... }    of the breaker object, if they share one
  --help             this
`

/** A wrong argument. The message says what is wrong. */
export class WrongArgument extends TypeError {}

/** @throws {WrongArgument} for an unknown option or a wrong value, which it names. */
export function readArguments(words: readonly string[], names: readonly string[]): Arguments {
  const read = { seed: 1, quick: false, help: false, scenarios: [] as string[], settings: undefined as string | undefined }
  const rest = [...words]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--quick") read.quick = true
    else if (word === "--help") read.help = true
    else if (word === "--seed") read.seed = integer(word, rest.shift())
    else if (word === "--scenario") read.scenarios.push(oneOf(word, names, rest.shift()))
    else if (word === "--settings") read.settings = present(word, rest.shift())
    else throw new WrongArgument(`There is no option ${word}`)
  }
  return read
}

function present(option: string, value: string | undefined): string {
  if (value === undefined) throw new WrongArgument(`${option} needs a value`)
  return value
}

function integer(option: string, value: string | undefined): number {
  if (!/^\d+$/.test(present(option, value))) throw new WrongArgument(`${option} must be an integer from 0: got ${value}`)
  return Number(value)
}

function oneOf(option: string, words: readonly string[], value: string | undefined): string {
  const word = present(option, value)
  if (!words.includes(word)) throw new WrongArgument(`${option} must be one of ${words.join(", ")}: got ${word}`)
  return word
}
