/**
 * Checks the messages that a page sends.
 *
 * @module
 */
import type { State, TabReport } from "../browser/src/demo-status.ts"

const states: readonly unknown[] = ["closed", "half-open", "open"] satisfies State[]

// More than a page ever asks for in one message.
const MAX_CALLS = 100

export function parseTabReport(value: unknown): TabReport {
  const { id, state, sent } = fieldsOf(value)
  if (typeof id !== "string" || id === "" || id.length > 40) throw new TypeError("The id of a tab must be a string")
  if (!states.includes(state)) throw new TypeError(`The state of a tab must be one of ${states.join(", ")}`)
  if (!isCount(sent)) throw new TypeError("A tab must tell how many calls it sent")
  return { id, state: state as State, sent }
}

export function parseCallCount(value: unknown): number {
  const { count } = fieldsOf(value)
  if (isCount(count) && count <= MAX_CALLS) return count
  throw new RangeError(`The Worker takes from 0 to ${MAX_CALLS} calls at once`)
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError("A message must be an object")
  return { ...value }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
