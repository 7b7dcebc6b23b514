/**
 * A record in Deno KV, and the reports that are applied to it.
 *
 * @module
 */
import type { Policy } from "../../core/policy.ts"
import { applyReport, type Report, type Verdict } from "../../core/shared.ts"
import { bounded, Interruption } from "../../deadline.ts"
import { patience, type SharedStorage } from "../create-store.ts"
import type { DenoKv, KvTransaction } from "./kv.ts"

/** A database, or a promise of one. */
export type KvSource = DenoKv | PromiseLike<DenoKv>

/** A report on its way to the record, and who waits for the verdict. */
interface Question {
  readonly policy: Policy
  readonly report: Report
  readonly resolve: (verdict: Verdict) => void
  readonly reject: (error: unknown) => void
}

/** Successes alone are told this long after a failure, in milliseconds: they end the streak. */
const SUCCESS_INTERVAL = 10_000
// A report that lost so many races goes with the next one.
const ATTEMPTS = 12
const LONGEST_PAUSE = 50
// Nobody misses a record that was of no use for so long.
const DAY = 86_400_000
// A database refuses what is out of its own range, and this is a lifetime.
const LONGEST_EXPIRY = 1e12

/** Puts reports to the records in a database, one exchange of a name at a time. */
export class KvStorage implements SharedStorage {
  readonly deadline: number
  readonly successInterval: number = SUCCESS_INTERVAL
  readonly #source: KvSource | (() => KvSource)
  readonly #prefix: string
  #opened: Promise<DenoKv> | undefined
  // By name, while one is being answered.
  readonly #questions = new Map<string, Question[]>()

  constructor(source: KvSource | (() => KvSource), prefix: string, deadline: number) {
    this.#source = source
    this.#prefix = prefix
    this.deadline = deadline
    // Whoever hands in a promise that rejects hears of it by a call, and not by the end of the process.
    if (isPromise(source)) source.then(undefined, () => {})
  }

  // Those of one name would be in each other's way: what comes up during one goes with the next.
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
    for (let attempt = 1; ; attempt++) {
      const { value, versionstamp } = await kv.get(key)
      const { record, verdicts, expireIn } = applyAll(value, questions, Date.now())
      if (record === undefined) return verdicts
      // A lease that comes too late is nobody's, and in everybody's way.
      signal?.throwIfAborted()
      if (await commit(kv.atomic().check({ key, versionstamp }).set(key, record, { expireIn }))) return verdicts
      if (attempt === ATTEMPTS) throw new Error(`Others changed the record of ${JSON.stringify(name)} ${ATTEMPTS} times in a row`)
      // Those that collided once would go on to, in step.
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

/** Whether it was written: others may have written before. */
async function commit(transaction: KvTransaction): Promise<boolean> {
  try {
    return (await transaction.commit()).ok
  } catch (error) {
    // So SQLite says it when another process writes to the same file. Nothing has been written then.
    if ((error as Error | null)?.message === "database is locked") return false
    throw error
  }
}

/** The verdicts, and the record that is to be written; none when all is as before, apart from the time. */
function applyAll(
  value: unknown,
  questions: readonly Question[],
  now: number,
): { readonly record?: unknown; readonly verdicts: Verdict[]; readonly expireIn: number } {
  const { policy } = questions[0]!
  let { record } = applyReport(value, policy, {}, now)
  const before = JSON.stringify(record)
  const verdicts = questions.map(({ policy, report }) => {
    const applied = applyReport(record, policy, report, now)
    record = applied.record
    return applied.verdict
  })
  const useful = record.durationMs + policy.interval + policy.buckets * policy.bucketPeriod
  const expireIn = Math.min(Math.ceil(useful) + DAY, LONGEST_EXPIRY)
  // Who has nothing to add must not be in the way of those who have.
  const after = JSON.stringify(record)
  if (after === before) return { verdicts, expireIn }
  // Made anew: an array that was read from a database is written at three times its size.
  return { record: JSON.parse(after), verdicts, expireIn }
}

/** Whether it is one, as far as `await` is concerned. */
export function isPromise(value: unknown): value is PromiseLike<DenoKv> {
  return typeof (value as PromiseLike<DenoKv> | null | undefined)?.then === "function"
}
