/**
 * Checks of what comes from outside: settings, what callbacks return, and data that was stored or sent.
 *
 * @module
 */

/** What a value must be: words for the error message, and a test. */
export type Rule = readonly [expected: string, holds: (value: unknown) => boolean]

export const NUMBER: Rule = ["a number from 0", (value) => isNumber(value)]
export const INTEGER: Rule = ["an integer from 0", (value) => isNumber(value) && Number.isInteger(value)]
export const COUNT: Rule = ["an integer from 1", (value) => INTEGER[1](value) && value !== 0]
export const SHARE: Rule = ["a number from 0 to 1", (value) => isNumber(value) && value <= 1]
export const STRING: Rule = ["a string", (value) => typeof value === "string"]
export const BOOLEAN: Rule = ["a boolean", (value) => typeof value === "boolean"]
export const OBJECT: Rule = ["an object", (value) => typeof value === "object" && value !== null]
export const FUNCTION: Rule = ["a function", (value) => typeof value === "function"]

/** A rule that accepts any of `words`. Top-level calls are marked as pure, so that bundlers can drop unused ones. */
export function oneOf(...words: string[]): Rule {
  return [words.map((word) => JSON.stringify(word)).join(" or "), (value) => words.includes(value as string)]
}

/** A finite number that is not negative. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0
}

/**
 * Throws unless `value` satisfies the rule.
 *
 * @throws {RangeError} for a number, {TypeError} for anything else; both name the setting and the value.
 */
export function check(name: string, value: unknown, [expected, holds]: Rule): void {
  if (holds(value)) return
  const shown = typeof value === "string" ? JSON.stringify(value) : textOf(value)
  throw new (typeof value === "number" ? RangeError : TypeError)(`${name} must be ${expected}: got ${shown}`)
}

// `String()` throws for an object without a prototype, or whose `toString` throws.
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}

/**
 * Checks each setting that has a rule. `undefined` always passes: it means the default.
 *
 * @param within - Prefix of the names in error messages.
 */
export function checkAll(settings: object, rules: Readonly<Record<string, Rule>>, within = ""): void {
  check("settings", settings, OBJECT)
  for (const [name, rule] of Object.entries(rules)) {
    const value: unknown = settings[name as keyof typeof settings]
    if (value !== undefined) check(within + name, value, rule)
  }
}

/** The largest number in data that is shared. Far above it, adding 1 would no longer change a number. */
export const MAX = 1e15

/**
 * Whether `value` has every property of `model`, with the same type. Numbers must be from 0 to `MAX`; items
 * of a list must be like the first item of the model's list. For data from a disk or from another program.
 */
export function isLike<T>(value: unknown, model: T): value is T {
  if (typeof model === "number") return isNumber(value) && value <= MAX
  if (typeof model !== "object") return typeof value === typeof model
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(model)) return Array.isArray(value) && value.every((item) => isLike(item, model[0]))
  return Object.entries(model as object).every(([key, part]) => isLike(value[key as keyof typeof value], part))
}

/**
 * Calls a user's callback and returns its answer, or `fallback` when there is no callback or its answer is
 * `undefined`. A callback that throws, or whose answer breaks the rule (an `async` one always does), is
 * reported, and `fallback` is returned.
 */
export function ask<A extends readonly unknown[], R>(
  report: (error: unknown) => void,
  name: string,
  rule: Rule,
  fallback: R,
  callback: ((...args: A) => R | undefined) | undefined,
  ...args: A
): R {
  try {
    const answer = callback?.(...args)
    return answer === undefined ? fallback : checkAnswer(report, name, rule, answer)
  } catch (error) {
    report(error)
    return fallback
  }
}

/** Returns the answer of the user's callback `name`, checked. */
export function checkAnswer<R>(report: (error: unknown) => void, name: string, rule: Rule, answer: R): R {
  // The rule refuses the promise of an `async` callback. Without a handler its rejection would be unhandled.
  ;(answer as { then?: (fulfilled: undefined, rejected: typeof report) => void } | null | undefined)?.then?.(undefined, report)
  check(`${name}()`, answer, rule)
  return answer
}
