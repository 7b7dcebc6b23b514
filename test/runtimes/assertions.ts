/** The assertions for cases. This is own code, because no assertion library loads in every runtime. */
export interface Assertions {
  ok(value: unknown, message?: string): void
  /** Compares with `Object.is`. */
  equal(actual: unknown, expected: unknown, message?: string): void
  notEqual(actual: unknown, unexpected: unknown, message?: string): void
  /** Compares arrays and plain objects deeply, and everything else with `Object.is`. */
  deepEqual(actual: unknown, expected: unknown, message?: string): void
  match(actual: string, expected: RegExp, message?: string): void
  /** Includes both ends. */
  between(actual: number, low: number, high: number, message?: string): void
  /** Returns the thrown value, which must have each of the `expected` properties. */
  throws(action: () => unknown, expected?: object): unknown
  /** Returns the reason of the rejection, which must have each of the `expected` properties. */
  rejects(work: Work, expected?: object): Promise<unknown>
}

export type Work = PromiseLike<unknown> | (() => PromiseLike<unknown>)

export const assertions: Assertions = {
  ok(value, message) {
    check(Boolean(value), message, `${show(value)} is not truthy`)
  },
  equal(actual, expected, message) {
    check(Object.is(actual, expected), message, `${show(actual)} is not ${show(expected)}`)
  },
  notEqual(actual, unexpected, message) {
    check(!Object.is(actual, unexpected), message, `it is ${show(actual)}`)
  },
  deepEqual(actual, expected, message) {
    check(same(actual, expected), message, `${show(actual)} is not like ${show(expected)}`)
  },
  match(actual, expected, message) {
    check(expected.test(actual), message, `${show(actual)} does not match ${expected}`)
  },
  between(actual, low, high, message) {
    check(actual >= low && actual <= high, message, `${actual} is not in [${low}, ${high}]`)
  },
  throws(action, expected = {}) {
    let value: unknown
    try {
      value = action()
    } catch (error) {
      checkProperties(error, expected)
      return error
    }
    throw new Error(`it did not throw but returned ${show(value)}`)
  },
  async rejects(work, expected = {}) {
    let value: unknown
    try {
      value = await (typeof work === "function" ? work() : work)
    } catch (error) {
      checkProperties(error, expected)
      return error
    }
    throw new Error(`it did not reject but fulfilled with ${show(value)}`)
  },
}

function check(holds: boolean, message: string | undefined, difference: string): void {
  if (!holds) throw new Error(message === undefined ? difference : `${message}: ${difference}`)
}

function checkProperties(error: unknown, expected: object): void {
  for (const [key, value] of Object.entries(expected)) {
    const actual: unknown = Object(error)[key]
    check(same(actual, value), `of ${show(error)}, ${key}`, `${show(actual)} is not ${show(value)}`)
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isData(a) || !isData(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]))
}

// The keys of a Map, a Date or an Error do not distinguish it from another one.
function isData(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}

/** A value as text for a message. */
export function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (isData(value) || typeof value === "string") return JSON.stringify(value)
  return String(value)
}
