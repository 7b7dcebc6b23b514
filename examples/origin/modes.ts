/**
 * The ways `/api` can behave, and the check of a mode that comes from outside.
 *
 * @module
 */

export type Mode =
  | { readonly kind: "healthy"; readonly latency?: number }
  | { readonly kind: "slow"; readonly latency: number }
  /** A share `rate` of all calls, evenly spread, gets `status`, by default 500. */
  | { readonly kind: "failing"; readonly rate: number; readonly status?: number }
  | { readonly kind: "hanging" }
  | { readonly kind: "resetting" }
  /** By default 5 chunks, each after 50 ms. */
  | { readonly kind: "slow-body"; readonly ms?: number; readonly chunks?: number }
  /** 503, with `Retry-After` in seconds. */
  | { readonly kind: "unavailable"; readonly retryAfter: number }
  /** Same as "resetting": a single path cannot refuse connections, since all paths share the port. */
  | { readonly kind: "down" }

interface Range {
  readonly min: number
  readonly max: number
  readonly whole: boolean
  readonly required: boolean
}

const range = (min: number, max: number): Range => ({ min, max, whole: true, required: true })
const optional = (field: Range): Range => ({ ...field, required: false })
const milliseconds = range(0, 600_000)

const fields: Readonly<Record<Mode["kind"], Readonly<Record<string, Range>>>> = {
  healthy: { latency: optional(milliseconds) },
  slow: { latency: milliseconds },
  failing: { rate: { ...range(0, 1), whole: false }, status: optional(range(400, 599)) },
  hanging: {},
  resetting: {},
  "slow-body": { ms: optional(milliseconds), chunks: optional(range(0, 10_000)) },
  unavailable: { retryAfter: range(0, 1_000_000_000) },
  down: {},
}

/**
 * Checks and copies a mode.
 *
 * @throws {TypeError} When it is no object, its kind is unknown, or a field is missing or unknown.
 * @throws {RangeError} When a field is out of range.
 */
export function parseMode(value: unknown): Mode {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`A mode must be an object, got ${show(value)}`)
  }
  const mode: Readonly<Record<string, unknown>> = { ...value }
  const kind = mode["kind"]
  if (!isKind(kind)) {
    const kinds = Object.keys(fields).join(", ")
    throw new TypeError(`The kind of a mode must be one of ${kinds}, got ${show(kind)}`)
  }
  for (const name of Object.keys(mode)) {
    if (name !== "kind" && !Object.hasOwn(fields[kind], name)) {
      throw new TypeError(`The mode "${kind}" has no field "${name}"`)
    }
  }
  for (const [name, field] of Object.entries(fields[kind])) check(kind, name, field, mode[name])
  return Object.freeze(mode) as Mode
}

function isKind(kind: unknown): kind is Mode["kind"] {
  return typeof kind === "string" && Object.hasOwn(fields, kind)
}

function check(kind: string, name: string, field: Range, value: unknown): void {
  if (value === undefined) {
    if (field.required) throw new TypeError(`The mode "${kind}" needs the field "${name}"`)
    return
  }
  const { min, max, whole } = field
  const isRight = whole ? Number.isInteger(value) : typeof value === "number"
  if (!isRight || !((value as number) >= min && (value as number) <= max)) {
    const number = whole ? "whole number" : "number"
    throw new RangeError(`"${name}" must be a ${number} from ${min} to ${max}, got ${show(value)}`)
  }
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}
