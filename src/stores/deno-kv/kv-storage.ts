/**
 * Records in Deno KV, and the reports that are applied to them.
 *
 * @module
 */
import type { Policy } from "../../core/policy.ts"
import { applyReport, type Applied, type Report, type Verdict } from "../../core/shared.ts"
import { bounded, Interruption } from "../../deadline.ts"
import { patience, type SharedStorage } from "../shared-storage.ts"
import type { DenoKv, KvTransaction } from "./kv.ts"

/** A database, or a promise of one. */
export type KvSource = DenoKv | PromiseLike<DenoKv>

/** A report that waits to be applied, and the callbacks for its verdict. */
interface Question {
  readonly policy: Policy
  readonly report: Report
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (error: unknown) => void
}

/** How long after a failure successes alone are reported, in milliseconds, to end the streak. */
const SUCCESS_INTERVAL = 10_000
// A report is retried for this many deadlines: another process may hold the file for long while its disk is busy.
// It is fewer than in `patience`, so a report that is given up is known not to have arrived.
const RETRY_DEADLINES = 3
const LONGEST_PAUSE = 50
// How many milliseconds a record is kept after it is no longer needed.
const DAY = 86_400_000
// The database refuses an expiry beyond its range. This one, some 31 years, is long enough.
const LONGEST_EXPIRY = 1e12

/** Applies reports to the records in a database, one exchange at a time for each name. */
export class KvStorage implements SharedStorage {
  readonly deadline: number
  readonly successInterval: number = SUCCESS_INTERVAL
  readonly #source: KvSource | (() => KvSource)
  readonly #prefix: string
  #opened: Promise<DenoKv> | undefined
  // Waiting questions by name, while earlier ones are being answered.
  readonly #questions = new Map<string, Question[]>()

  constructor(source: KvSource | (() => KvSource), prefix: string, deadline: number) {
    this.#source = source
    this.#prefix = prefix
    this.deadline = deadline
    // The rejection of this promise is reported by the first exchange. Unhandled, it would end the process.
    if (isPromise(source)) source.then(undefined, () => {})
  }

  // Exchanges of one name would conflict: questions that come up during one wait for the next.
  exchange(name: string, policy: Policy, report: Report): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const question = { policy, report, resolve, reject }
      const waiting = this.#questions.get(name)
      if (waiting) waiting.push(question)
      else void this.#answer(name, [question])
    })
  }

  async #answer(name: string, first: Question[]): Promise<void> {
    const waiting: Question[] = []
    this.#questions.set(name, waiting)
    for (let questions = first; questions.length > 0; questions = waiting.splice(0)) {
      try {
        const apply = (signal: AbortSignal | undefined): Promise<Verdict[]> => this.#apply(name, questions, signal)
        const verdicts = await bounded(apply, undefined, patience(this.deadline))
        verdicts.forEach((verdict, index) => questions[index]!.resolve(verdict))
      } catch (caught) {
        const error = caught instanceof Interruption ? caught.reason : caught
        for (const { reject } of questions) reject(error)
      }
    }
    this.#questions.delete(name)
  }

  async #apply(name: string, questions: readonly Question[], signal: AbortSignal | undefined): Promise<Verdict[]> {
    const kv = await this.#open()
    const key = [this.#prefix, name]
    const giveUpAt = performance.now() + this.deadline * RETRY_DEADLINES
    for (let attempt = 1; ; attempt++) {
      const { value, versionstamp } = await kv.get(key)
      const { record, verdicts, expireIn } = applyAll(value, questions, Date.now())
      if (record === undefined) return verdicts
      // A lease that is granted too late would have no holder, and block all others.
      signal?.throwIfAborted()
      if (await commit(kv.atomic().check({ key, versionstamp }).set(key, record, { expireIn }))) return verdicts
      if (performance.now() > giveUpAt) throw new Error(`Others kept changing the record of ${JSON.stringify(name)}`)
      // Processes that collided once would otherwise keep colliding.
      const pause = Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  #open(): Promise<DenoKv> {
    const source = this.#source
    if (typeof source !== "function") return Promise.resolve(source)
    if (!this.#opened) {
      const opened = Promise.resolve().then(source)
      opened.catch(() => (this.#opened = undefined))
      this.#opened = opened
    }
    return this.#opened
  }
}

/** Whether the transaction was written; `false` when another process has written before. */
async function commit(transaction: KvTransaction): Promise<boolean> {
  try {
    return (await transaction.commit()).ok
  } catch (error) {
    // The error of SQLite when another process writes to the same file. Nothing has been written then.
    if ((error as Error | null)?.message === "database is locked") return false
    throw error
  }
}

/** The verdicts, and the record to write; no record when nothing but the time has changed. */
function applyAll(
  value: unknown,
  questions: readonly Question[],
  now: number,
): { readonly record?: unknown; readonly verdicts: Verdict[]; readonly expireIn: number } {
  const all: Applied[] = []
  for (const { policy, report } of questions) all.push(applyReport(all.at(-1)?.record ?? value, policy, report, now))
  const { record } = all.at(-1)!
  const { interval, buckets, bucketPeriod } = questions[0]!.policy
  const expireIn = Math.min(Math.ceil(record.durationMs + interval + buckets * bucketPeriod) + DAY, LONGEST_EXPIRY)
  const verdicts = all.map(({ verdict }) => verdict)
  return { verdicts, expireIn, ...(all.some(({ changed }) => changed) && { record }) }
}

/** Whether `await` treats `value` as a promise. */
export function isPromise(value: unknown): value is PromiseLike<DenoKv> {
  return typeof (value as PromiseLike<DenoKv> | null | undefined)?.then === "function"
}
