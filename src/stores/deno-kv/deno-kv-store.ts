/**
 * Shares breakers through Deno KV between all processes that open the same database.
 *
 * @module
 */
import { check, checkAll, STRING, type Rule } from "../../core/check.ts"
import type { BreakerStore } from "../../store.ts"
import { linkTo } from "../link.ts"
import { DEADLINE, DEFAULT_DEADLINE } from "../shared-storage.ts"
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
   * How long a half-open call waits for the database at most, in milliseconds, from 1 to 2 147 483 647. After
   * that it is made without a lease. Reports, for which no call waits, are given up after four times as long.
   *
   * @defaultValue 250
   */
  readonly deadline?: number | undefined
}

const DEFAULT_PREFIX = "webbreaker"

const RULES: Readonly<Record<string, Rule>> = {
  prefix: STRING,
  deadline: DEADLINE,
}
const KV: Rule = [
  "a Deno.Kv, a promise of one, or a function that returns either",
  (value) => typeof value === "function" || isKv(value) || isPromise(value),
]

/**
 * Shares breakers of the same name between all processes that open the same Deno KV: processes on one machine
 * through a file, processes of a deployment wherever they run.
 *
 * A failed call is reported in the background, with one read and one write; healthy calls report almost
 * nothing. While half-open, `maxRequests` calls of all processes together are made, and only these wait, no
 * longer than `deadline`. When the database is slow, closed or gone, no call fails: the breaker goes on by
 * itself and a `"storeerror"` event tells why.
 *
 * Each process learns of a change when it next reports: a `Kv.watch()` would keep the process running. The
 * clocks of the processes have to agree to within a second. An entry expires a day after it is no longer
 * needed. It holds up to 64 KiB, which is enough for a `windowSize` of 30 000.
 *
 * `Deno.openKv` needs the flag `--unstable-kv`.
 *
 * @param kv - A `Deno.Kv`, a promise of one, or a function that returns either. The function is called at the
 * first exchange, and again if the database could not be opened.
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
  return linkTo(new KvStorage(kv, prefix, deadline))
}

function isKv(value: unknown): value is DenoKv {
  return typeof (value as DenoKv | null | undefined)?.atomic === "function"
}
