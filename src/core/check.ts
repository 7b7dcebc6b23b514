/**
 * Checks of what users hand in: settings, and what their callbacks return.
 *
 * @module
 */

/** What a value must be, in words and as a test. */
export type Rule = readonly [expected: string, holds: (value: unknown) => boolean]

export const NUMBER: Rule = ["a number from 0", (value) => isNumber(value)]
export const INTEGER: Rule = ["an integer from 0", (value) => isNumber(value) && Number.isInteger(value)]
export const BOOLEAN: Rule = ["a boolean", (value) => typeof value === "boolean"]
export const OBJECT: Rule = ["an object", (value) => typeof value === "object" && value !== null]
export const FUNCTION: Rule = ["a function", (value) => typeof value === "function"]

/** A rule for one of a few words. Calls at the top level of a file are marked as pure: bundlers would keep them otherwise. */
export function oneOf(...words: string[]): Rule {
  return [words.map((word) => JSON.stringify(word)).join(" or "), (value) => words.includes(value as string)]
}

/** A finite number that is not negative. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value) && (value as number) >= 0
}

/**
 * Throws unless `value` follows the rule.
 *
 * @throws {RangeError} for a number, {TypeError} for anything else; both name the setting and the value.
 */
export function check(name: string, value: unknown, [expected, holds]: Rule): void {
  if (holds(value)) return
  const shown = typeof value === "string" ? JSON.stringify(value) : textOf(value)
  throw new (typeof value === "number" ? RangeError : TypeError)(`${name} must be ${expected}: got ${shown}`)
}

// What has no prototype, or a `toString` that throws, cannot be made a text.
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return typeof value
  }
}

/**
 * Checks each setting that has a rule; `undefined` means its default everywhere.
 *
 * @param within - Stands before the names.
 */
export function checkAll(settings: object, rules: Readonly<Record<string, Rule>>, within = ""): void {
  check("settings", settings, OBJECT)
  for (const name in rules) {
    const value: unknown = settings[name as keyof typeof settings]
    if (value !== undefined) check(within + name, value, rules[name] as Rule)
  }
}

/** What a number may be at most that others are told. Far above it, one more is the same number. */
export const MAX = 1e15

/**
 * Whether `value` has all that `model` has, of the same types: numbers from 0 and not huge, items
 * of a list like the first of the model's. For what comes from a disk, or from another program.
 */
export function isLike<T>(value: unknown, model: T): value is T {
  if (typeof model === "number") return isNumber(value) && value <= MAX
  if (typeof model !== "object") return typeof value === typeof model
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(model)) return Array.isArray(value) && value.every((item) => isLike(item, model[0]))
  return Object.entries(model as object).every(([key, part]) => isLike(value[key as keyof typeof value], part))
}

/**
 * What the callback of that name returns. When it throws or breaks the rule (an `async` one always
 * would), that is reported and `fallback` holds, as it does when it returns `undefined`.
 */
export function ask<A extends readonly unknown[], R>(
  report: (error: unknown) => void,
  name: string,
  rule: Rule,
  fallback: R,
  callback: (...args: A) => R | undefined,
  ...args: A
): R {
  try {
    const answer = callback(...args)
    if (answer === undefined) return fallback
    checkAnswer(report, name, rule, answer)
    return answer
  } catch (error) {
    report(error)
    return fallback
  }
}

/** Checks what the callback of that name has returned. */
export function checkAnswer(report: (error: unknown) => void, name: string, rule: Rule, answer: unknown): void {
  // Of an `async` callback, which the rule refuses, nobody else would take the rejection.
  ;(answer as { then?: (fulfilled: undefined, rejected: typeof report) => void } | null | undefined)?.then?.(undefined, report)
  check(`${name}()`, answer, rule)
}
