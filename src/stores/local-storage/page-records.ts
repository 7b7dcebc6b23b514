/**
 * The records in the page's storage, which the tabs of an origin read and write without taking turns.
 *
 * @module
 */
import { checkAnswer, type Rule } from "../../core/check.ts"
import type { Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, decodeRecord, type SharedRecord } from "../../core/shared.ts"
import type { WebStorage } from "./web-storage.ts"

// Two days, in milliseconds: longer than any open period that a page waits for.
const KEEP = 172_800_000
// An asynchronous storage answers with a promise, in which no record would ever be found.
const TEXT: Rule = ["a string or null", (value) => value === null || typeof value === "string"]

/** Reads and writes records, by the name of their breaker. Throws what the storage throws. */
export class PageRecords {
  /** Prefix of the keys. */
  readonly prefix: string
  readonly #given: WebStorage | null | undefined
  /** The last open record of each name, as far as this page knows. */
  readonly #opened = new Map<string, string>()

  constructor(storage: WebStorage | null | undefined, prefix: string) {
    this.#given = storage
    this.prefix = prefix
  }

  get storage(): WebStorage {
    const storage: WebStorage | null | undefined = this.#given === undefined ? globalThis.localStorage : this.#given
    // It is `null` in Firefox when the user turned it off, and does not exist in workers and in Node.
    if (!storage) throw new Error("localStorage is not available")
    return storage
  }

  text(name: string): string | null {
    return checkAnswer(() => {}, "storage.getItem", TEXT, this.storage.getItem(this.prefix + name) ?? null)
  }

  /**
   * Reads a record. A tab that has not yet seen that it was opened may have written it since. Then the open
   * record, which is of a later generation, is written back.
   */
  read(name: string, policy: Policy): BreakerRecord {
    const text = this.text(name)
    const value = parse(text)
    const last = this.#opened.get(name)
    if (last && generationOf(value) < generationOf(parse(last))) {
      const opened = decode(last, policy)
      if (applyToRecord(opened, policy, {}, Date.now()).state === "open") {
        this.storage.setItem(this.prefix + name, last)
        return opened
      }
    }
    const record = decodeRecord(value, policy, Date.now())
    if (text && record.state === "open") this.#opened.set(name, text)
    else this.#opened.delete(name)
    return record
  }

  /**
   * Writes a record, which is `text` as JSON.
   *
   * @param lead - Keeps what was written.
   */
  write(name: string, { state }: BreakerRecord, text: string, lead?: { text: string | null }): void {
    this.storage.setItem(this.prefix + name, text)
    if (lead) lead.text = text
    if (state === "open") this.#opened.set(name, text)
  }

  /** Forgets a name of which this page has no breaker any more. */
  forget(name: string): void {
    this.#opened.delete(name)
  }

  /** Removes records that have been of no use for days, and would only fill the storage of the page. */
  tidy(): void {
    const { storage } = this
    for (const key of Object.keys(storage)) {
      if (!key.startsWith(this.prefix)) continue
      const { at = NaN, durationMs = NaN } = (parse(storage.getItem(key)) ?? {}) as Partial<SharedRecord>
      if (Date.now() - at - durationMs > KEEP) storage.removeItem(key)
    }
  }
}

/** The record that was written as `text`, or a new one. */
export function decode(text: string | null, policy: Policy): BreakerRecord {
  return decodeRecord(parse(text), policy, Date.now())
}

/**
 * The generation as it was written, whatever the policy of the reader. What is no record counts as new. When a fixed
 * window ends just as another tab opens the breaker, both begin a generation of the same number: that of the opening
 * is taken to be later.
 */
function generationOf(value: unknown): number {
  const { generation = Infinity, state } = (value as Partial<SharedRecord> | null | undefined)?.snapshot ?? {}
  return state === "closed" ? generation - 0.5 : generation
}

function parse(text: string | null): unknown {
  try {
    return text && JSON.parse(text)
  } catch {
    // Then there is no record.
    return undefined
  }
}
