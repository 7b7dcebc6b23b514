/**
 * The isolates' end of a breaker that they share.
 *
 * @module
 */
import { check, checkAll, FUNCTION, type Rule } from "../../core/check.ts"
import type { Policy } from "../../core/policy.ts"
import type { Report, Verdict } from "../../core/shared.ts"
import { bounded, Interruption } from "../../deadline.ts"
import { report as reportError } from "../../report.ts"
import { TIMER } from "../../settings.ts"
import type { BreakerStore } from "../../store.ts"
import { createStore, patience, type SharedStorage } from "../create-store.ts"
import { Backoff } from "./backoff.ts"
import { readVerdict, writeMessage } from "./message.ts"
import type { BreakerNamespace } from "./platform.ts"

/** Settings of {@link durableObjectStore}. */
export interface DurableObjectSettings {
  /**
   * Keeps the Worker running until a report has arrived, which may be after its response. Without it a
   * report that is under way then is lost. The function `waitUntil` of `cloudflare:workers` is one.
   *
   * @defaultValue none
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined
  /**
   * Longest wait of a half-open call for the object, in milliseconds, from 1 to 2 147 483 647. Then it is
   * made without a lease. Reports, which nobody waits for, are given up after four times as long.
   *
   * @defaultValue 250
   */
  readonly deadline?: number | undefined
  /**
   * The name of the object that keeps the breaker of this name. One object takes about 500 reports a
   * second: a breaker whose calls fail more often than that can be spread over several.
   *
   * @defaultValue the breaker's name
   */
  readonly shard?: ((name: string) => string) | undefined
}

/** Successes alone are told this long after a failure, in milliseconds: they end the streak. */
const SUCCESS_INTERVAL = 10_000
const DEFAULT_DEADLINE = 250
const MAX_BACKOFFS = 1_000

const RULES: Readonly<Record<string, Rule>> = {
  waitUntil: FUNCTION,
  deadline: ["a number from 1 to 2147483647", (value) => TIMER[1](value) && (value as number) >= 1],
  shard: FUNCTION,
}
const NAMESPACE: Rule = [
  "a Durable Object namespace or a function that returns one",
  (value) => typeof value === "function" || isNamespace(value),
]

/**
 * Shares breakers of the same name between all isolates of a Worker, in all places, through the Durable
 * Object that {@link breakerObject} makes.
 *
 * A failure is reported at once, behind the call; what all isolates report is counted together, and
 * each learns the verdict with its next report. Healthy calls report next to nothing. While half-open, the
 * object lets `maxRequests` calls through in the whole fleet. Where it is slow, overloaded or gone, no
 * call fails or waits longer than `deadline`: the breaker goes on by itself and a `"storeerror"` says why.
 *
 * Can be made at the top level of a Worker, by the binding itself, when that is known there, or by a
 * function that is asked in each request.
 *
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { env, waitUntil } from "cloudflare:workers"
 * import { wrapFetch } from "webbreaker"
 * import { breakerObject, durableObjectStore } from "webbreaker/durable-object"
 *
 * export class Breakers extends breakerObject({ timeout: 30_000 }) {}
 *
 * const safeFetch = wrapFetch(fetch, { store: durableObjectStore(() => env.BREAKERS, { waitUntil }) })
 * export default { fetch: (request: Request) => safeFetch(request) }
 * ```
 */
export function durableObjectStore(
  namespace: BreakerNamespace | (() => BreakerNamespace),
  settings: DurableObjectSettings = {},
): BreakerStore {
  check("namespace", namespace, NAMESPACE)
  checkAll(settings, RULES)
  return createStore(new ObjectStorage(namespace, settings))
}

class ObjectStorage implements SharedStorage {
  readonly deadline: number
  readonly successInterval = SUCCESS_INTERVAL
  readonly #namespace: BreakerNamespace | (() => BreakerNamespace)
  readonly #waitUntil: DurableObjectSettings["waitUntil"]
  readonly #shard: (name: string) => string
  // Of objects that fail.
  readonly #backoffs = new Map<string, Backoff>()
  #reporter: string | undefined

  constructor(namespace: BreakerNamespace | (() => BreakerNamespace), settings: DurableObjectSettings) {
    this.#namespace = namespace
    this.#waitUntil = settings.waitUntil
    this.#shard = settings.shard ?? ((name) => name)
    this.deadline = settings.deadline ?? DEFAULT_DEADLINE
  }

  exchange(name: string, _policy: Policy, report: Report): Promise<Verdict> {
    const exchanged = this.#exchange(name, report)
    // A call waits for its lease itself. Of many isolates each would make it without one, whenever the
    // object is moved or updated: that one is back at once.
    const answered = report.acquire ? exchanged.catch(() => this.#exchange(name, report)) : exchanged
    void this.#hold(answered)
    return answered
  }

  async #hold(exchanged: Promise<Verdict>): Promise<void> {
    // Called as a method it would have a `this` that functions of the platform refuse.
    const waitUntil = this.#waitUntil
    try {
      await waitUntil?.(exchanged.catch(() => {}))
    } catch (error) {
      reportError(error)
    }
  }

  async #exchange(name: string, report: Report): Promise<Verdict> {
    const object = this.#shard(name)
    const asked = Date.now()
    const backoff = this.#backoffs.get(object)
    // Not as that one itself: this report has not been sent.
    if (backoff?.isWaiting(asked)) throw new Error("The object is left alone for a while", { cause: backoff.error })
    try {
      const verdict = await this.#send(object, name, report)
      this.#backoffs.delete(object)
      return verdict
    } catch (caught) {
      const error = caught instanceof Interruption ? caught.reason : caught
      const failing = this.#backoffs.get(object) ?? new Backoff()
      // Those of many names, while all of them fail, are only in the way.
      if (this.#backoffs.size >= MAX_BACKOFFS) this.#backoffs.clear()
      failing.failed(error, asked, Date.now())
      this.#backoffs.set(object, failing)
      throw error
    }
  }

  async #send(object: string, name: string, report: Report): Promise<Verdict> {
    // Neither is to be had at the top level of a Worker; and a stub is of no use to another request, nor
    // after an error.
    this.#reporter ??= crypto.randomUUID()
    const namespace = isNamespace(this.#namespace) ? this.#namespace : this.#namespace()
    const stub = namespace.get(namespace.idFromName(object))
    const body = writeMessage({ name, reporter: this.#reporter, report })
    const ask = async (signal: AbortSignal | undefined): Promise<Verdict> => {
      const init = { method: "POST", body, signal: signal as AbortSignal }
      const response = await stub.fetch("https://breakers.invalid/", init)
      const text = await response.text()
      if (response.status !== 200) throw new Error(`The object answered ${response.status}: ${text}`)
      return readVerdict(text)
    }
    return bounded(ask, undefined, patience(this.deadline))
  }
}

function isNamespace(value: unknown): value is BreakerNamespace {
  return typeof (value as BreakerNamespace | null | undefined)?.idFromName === "function"
}
