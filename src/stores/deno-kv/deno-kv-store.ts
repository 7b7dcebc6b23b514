/**
 * Breakers shared through Deno KV by all that open the same database.
 *
 * @module
 */
import { check, checkAll, type Rule } from "../../core/check.ts"
import { TIMER } from "../../settings.ts"
import type { BreakerStore } from "../../store.ts"
import { createStore } from "../create-store.ts"
import type { DenoKv } from "./kv.ts"
import { isPromise, KvStorage, type KvSource } from "./kv-storage.ts"

/** Settings of {@link denoKvStore}. */
export interface DenoKvSettings {
  /**
   * First part of the keys; the name of the breaker is the second. A key has up to 2048 bytes.
   *
   * @defaultValue `"webbreaker"`
   */
  readonly prefix?: string | undefined
  /**
   * Longest wait of a half-open call for the database, in milliseconds, from 1 to 2 147 483 647. Then it
   * is made without a lease. Reports, which nobody waits for, are given up after four times as long.
   *
   * @defaultValue 250
   */
  readonly deadline?: number | undefined
}

const DEFAULT_PREFIX = "webbreaker"
const DEFAULT_DEADLINE = 250

const RULES: Readonly<Record<string, Rule>> = {
  prefix: ["a string", (value) => typeof value === "string"],
  deadline: ["a number from 1 to 2147483647", (value) => TIMER[1](value) && (value as number) >= 1],
}
const KV: Rule = [
  "a Deno.Kv, a promise of one, or a function that returns either",
  (value) => typeof value === "function" || isKv(value) || isPromise(value),
]

/**
 * Shares breakers of the same name between all processes that open the same Deno KV: those of one
 * machine by a file, those of a deployment wherever they run.
 *
 * A failed call is reported behind its answer, by one read and one write; healthy calls report next to
 * nothing. While half-open, `maxRequests` calls of all processes together are made, and only these wait,
 * no longer than `deadline`. Where the database is slow, closed or gone, no call fails: the breaker goes
 * on by itself and a `"storeerror"` says why.
 *
 * Each process learns of a change when it next reports: a `Kv.watch()` would keep the process running.
 * Clocks have to agree to within a second. An entry expires a day after it has ceased to matter. It holds
 * up to 64 KiB, which is a `windowSize` of 30 000.
 *
 * `Deno.openKv` is there with the flag `--unstable-kv`.
 *
 * @param kv - A `Deno.Kv`, a promise of one, or a function that returns either. The function is called
 * by the first exchange, and again when what it returned could not be opened.
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { wrapFetch } from "webbreaker"
 * import { denoKvStore } from "webbreaker/deno-kv"
 *
 * const safeFetch = wrapFetch(fetch, { store: denoKvStore(() => Deno.openKv()) })
 * ```
 */
export function denoKvStore(kv: KvSource | (() => KvSource), settings: DenoKvSettings = {}): BreakerStore {
  check("kv", kv, KV)
  checkAll(settings, RULES)
  const { prefix = DEFAULT_PREFIX, deadline = DEFAULT_DEADLINE } = settings
  return createStore(new KvStorage(kv, prefix, deadline))
}

function isKv(value: unknown): value is DenoKv {
  return typeof (value as DenoKv | null | undefined)?.atomic === "function"
}
