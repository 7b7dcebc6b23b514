/**
 * The side of the isolates, of a breaker that they share.
 *
 * @module
 */
import { check, checkAll, checkAnswer, FUNCTION, STRING, type Rule } from "../../core/check.ts"
import type { Report, Verdict } from "../../core/shared.ts"
import { bounded, Interruption } from "../../deadline.ts"
import { report as reportError, runAndReport } from "../../report.ts"
import type { BreakerStore } from "../../store.ts"
import { linkTo } from "../link.ts"
import { Ramp } from "../ramp.ts"
import { DEADLINE, DEFAULT_DEADLINE, patience, type SharedStorage } from "../shared-storage.ts"
import { backOff, isLeftAlone, type Backoff } from "./backoff.ts"
import { readVerdict, REFUSED, writeMessage } from "./message.ts"
import type { BreakerNamespace } from "./platform.ts"

/** Settings of {@link durableObjectStore}. */
export interface DurableObjectSettings {
  /**
   * Keeps the Worker running until a report has arrived, which may be after the Worker's response. Without
   * it, a report that is still under way then is lost. The function `waitUntil` of `cloudflare:workers` fits
   * here.
   *
   * @defaultValue none
   */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined
  /**
   * How long a half-open call waits for the object at most, in milliseconds, from 1 to 2 147 483 647. After
   * that it is made without a lease. Reports, for which no call waits, are given up after four times as long.
   *
   * @defaultValue 250
   */
  readonly deadline?: number | undefined
  /**
   * Returns the name of the object that keeps the breaker of this name. One object handles about 500 reports
   * a second: a breaker whose calls fail more often than that can be spread over several objects.
   *
   * @defaultValue the breaker's name
   */
  readonly shard?: ((name: string) => string) | undefined
}

/** How long after a failure successes alone are reported, in milliseconds, to end the streak. */
const SUCCESS_INTERVAL = 10_000
const MAX_BACKOFFS = 1_000

const RULES: Readonly<Record<string, Rule>> = {
  waitUntil: FUNCTION,
  deadline: DEADLINE,
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
 * A failure or a slow call is reported at once, in the background. The reports of all isolates are counted
 * together, and each isolate learns the verdict with its next report. Healthy calls report almost nothing.
 * While half-open, the object lets `maxRequests` calls through in the whole fleet. When it is slow, overloaded
 * or gone, no call fails or waits longer than `deadline`: the breaker goes on by itself and a `"storeerror"`
 * event tells why. The same happens to a breaker whose `name` (with `wrapFetch`, whose key) is longer than 1024
 * characters.
 *
 * The breaker needs the same rule and `maxRequests` as the object.
 *
 * The store can be made at the top level of a Worker: with the binding itself, when that is known there, or
 * with a function that returns it, which is called for each report.
 *
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { env, waitUntil } from "cloudflare:workers"
 * import { failureRate, wrapFetch } from "webbreaker"
 * import { breakerObject, durableObjectStore } from "webbreaker/durable-object"
 *
 * const shared = { ...failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }), timeout: 10_000 }
 *
 * export class Breakers extends breakerObject({ ...shared, quorum: 2, slowStart: 60_000 }) {}
 *
 * const safeFetch = wrapFetch(fetch, { ...shared, store: durableObjectStore(() => env.BREAKERS, { waitUntil }) })
 * export default { fetch: () => safeFetch("https://api.example.com/items") }
 * ```
 */
export function durableObjectStore(
  namespace: BreakerNamespace | (() => BreakerNamespace),
  settings: DurableObjectSettings = {},
): BreakerStore {
  check("namespace", namespace, NAMESPACE)
  checkAll(settings, RULES)
  return linkTo(objectStorage(namespace, settings), { slowStart: Ramp })
}

function objectStorage(
  source: BreakerNamespace | (() => BreakerNamespace),
  { waitUntil, deadline = DEFAULT_DEADLINE, shard = (name) => name }: DurableObjectSettings,
): SharedStorage {
  // For objects that fail, by their name; for breakers that are refused, by the name of the object and theirs.
  const backoffs = new Map<string, Backoff>()
  let reporter: string | undefined

  async function ask(name: string, report: Report): Promise<Verdict> {
    // A promise, for example, would be taken for the name "[object Promise]", and all breakers sent to that object.
    const object = checkAnswer(reportError, "shard", STRING, shard(name) ?? name)
    const asked = Date.now()
    const breaker = `${object} ${name}`
    const backoff = [object, breaker].map((key) => backoffs.get(key)).find((one) => one && isLeftAlone(one, asked))
    // A new error: the earlier one may be a "TimeoutError", and this report has certainly not been sent.
    if (backoff) throw new Error("The object is left alone for a while", { cause: backoff.error })
    let failing = object
    const send = async (signal: AbortSignal | undefined): Promise<Verdict> => {
      // Made here, since the top level of a Worker has neither random numbers nor stubs. A stub cannot be used
      // in another request, nor after an error.
      reporter ??= crypto.randomUUID()
      const namespace = isNamespace(source) ? source : source()
      // A binding that is missing, or of another kind, is a mistake that is easily made.
      check("namespace", namespace, ["a Durable Object namespace", isNamespace])
      const init = { method: "POST", body: writeMessage({ name, reporter, report }), signal: signal as AbortSignal }
      const response = await namespace.get(namespace.idFromName(object)).fetch("https://breakers.invalid/", init)
      const { status } = response
      // An object that refuses one breaker is well, and may serve others.
      if (status === REFUSED) failing = breaker
      if (status !== 200) throw new Error(`The object answered ${status}: ${await response.text()}`)
      try {
        return readVerdict(await response.text())
      } catch (error) {
        // The report has arrived. By this name it is not sent again, to be counted twice.
        throw new DOMException(`The object's answer cannot be read: ${String(error)}`, "TimeoutError")
      }
    }
    try {
      const verdict = await bounded(send, undefined, patience(deadline))
      backoffs.delete(object)
      backoffs.delete(breaker)
      return verdict
    } catch (caught) {
      const error = caught instanceof Interruption ? caught.reason : caught
      const next = backOff(backoffs.get(failing), error, asked, Date.now())
      // A bound on memory, while the objects of many names fail.
      if (backoffs.size >= MAX_BACKOFFS) backoffs.clear()
      backoffs.set(failing, next)
      throw error
    }
  }

  return {
    deadline,
    successInterval: SUCCESS_INTERVAL,
    exchange(name, _policy, report) {
      const asked = ask(name, report)
      // A call waits for this lease, so ask a second time. An object that was moved or updated is back at once;
      // otherwise each of many isolates would make a call without a lease then.
      const answered = report.acquire ? asked.catch(() => ask(name, report)) : asked
      const held = answered.catch(() => {})
      void runAndReport(() => waitUntil?.(held))
      return answered
    },
  }
}

function isNamespace(value: unknown): value is BreakerNamespace {
  return typeof (value as BreakerNamespace | null | undefined)?.idFromName === "function"
}
