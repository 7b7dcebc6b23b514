/**
 * A record in the page's storage, shared by the tabs of an origin and by later pages.
 *
 * @module
 */
import { checkAll, STRING, type Rule } from "../../core/check.ts"
import type { Policy } from "../../core/policy.ts"
import { applyAndCompare, applyToRecord, type Report, type Verdict } from "../../core/shared.ts"
import type { BreakerStore } from "../../store.ts"
import { linkTo } from "../link.ts"
import type { SharedStorage } from "../shared-storage.ts"
import { Leadership } from "./leadership.ts"
import { PageRecords } from "./page-records.ts"
import type { WebStorage } from "./web-storage.ts"

/** Settings of {@link localStorageStore}. */
export interface LocalStorageSettings {
  /**
   * Where the records are kept. `null` means that there is no storage: some browsers have `null` when the
   * user turned it off.
   *
   * @defaultValue `localStorage`
   */
  readonly storage?: WebStorage | null | undefined
  /**
   * Prefix of the keys in the storage. The name of the breaker follows it.
   *
   * @defaultValue `"webbreaker:"`
   */
  readonly prefix?: string | undefined
}

const RULES: Readonly<Record<string, Rule>> = {
  storage: ["a Storage", (value) => value === null || typeof (value as WebStorage).getItem === "function"],
  prefix: STRING,
}

/**
 * Shares breakers of the same name between the tabs of an origin, and keeps their verdict across page loads:
 * an open breaker stays open for its remaining time, and a streak of failures goes on.
 *
 * While half-open, `maxRequests` calls of all tabs together are made. A record that was of no use for two
 * days is removed when a page starts to use the store. The store has no recurring timer and no channel, and
 * does not keep a page out of the back/forward cache. Where there is no storage, or access to it is denied,
 * or it is full, the breaker goes on by itself and a `"storeerror"` event tells why.
 *
 * @throws {RangeError | TypeError} for a wrong setting; the message names it and its value.
 *
 * @example
 * ```ts
 * import { wrapFetch } from "webbreaker"
 * import { localStorageStore } from "webbreaker/local-storage"
 *
 * const safeFetch = wrapFetch(fetch, { store: localStorageStore() })
 * ```
 */
export function localStorageStore(settings: LocalStorageSettings = {}): BreakerStore {
  checkAll(settings, RULES)
  return linkTo(new PageStorage(settings))
}

// No lease takes more characters in a record.
const LEASE_LENGTH = 100
// Firefox and WebKit do not deliver the `storage` events that a page missed in the back/forward cache.
const EVENTS = ["storage", "pageshow"] as const

/**
 * A breaker that wants to know of changes. Weak: the event listeners live as long as the page, and must not keep
 * breakers alive.
 */
interface Watcher {
  readonly name: string
  readonly policy: WeakRef<Policy>
  readonly changed: WeakRef<(verdict: Verdict) => void>
}

class PageStorage implements SharedStorage {
  // Long, since nothing here goes over a network, and an answer that is late still comes: a lock on a busy
  // machine, or the claim of a hidden page, whose timers take a second.
  readonly deadline = 2_000
  readonly #records: PageRecords
  readonly #leadership: Leadership
  /** By the name of the breaker. */
  readonly #watchers = new Map<string, Set<Watcher>>()
  /**
   * Names whose half-open call was not written, since the storage is full, say. Their breakers may have closed by
   * themselves, and must not follow a record that stays half-open: the next report is a `"storeerror"` too, unless it
   * can be written.
   */
  readonly #unwritten = new Set<string>()
  // Made when it is needed: Workers with a compatibility date before 2025-05-05 do not have it.
  #gone: FinalizationRegistry<Watcher> | undefined
  #begun = false

  constructor({ storage, prefix = "webbreaker:" }: LocalStorageSettings) {
    this.#records = new PageRecords(storage, prefix)
    this.#leadership = new Leadership(this.#records)
  }

  exchange(name: string, policy: Policy, report: Report): Verdict | Promise<Verdict> {
    if (report.acquire) {
      const acquired = this.#acquire(name, policy, report)
      acquired.then(() => this.#unwritten.delete(name), () => this.#unwritten.add(name))
      return acquired
    }
    const lead = this.#leadership.current(name)
    const last = this.#leadership.last(name)
    const record = lead?.record ?? this.#records.read(name, policy)
    const now = Date.now()
    // A lead that was lost still follows its own calls, and gives its office back only when they have ended:
    // to other tabs a free office means that these calls are gone.
    if (last && !lead) applyToRecord(last.record, policy, report, now)
    const { verdict, changed, text } = applyAndCompare(record, policy, report, now)
    try {
      // A tab whose report changes nothing must not write: it could overwrite a newer record of the leading
      // tab.
      if (changed || this.#unwritten.has(name)) {
        // As long as with a lease: it may be for that alone that there was no room.
        this.#records.write(name, record, changed ? text : text.padEnd(text.length + LEASE_LENGTH), lead)
        this.#unwritten.delete(name)
        // The page that writes gets no event, but may have other breakers of this name.
        queueMicrotask(() => this.#lookAgain(this.#records.prefix + name, policy))
      }
    } finally {
      this.#leadership.retire(name)
    }
    return verdict
  }

  watch(name: string, policy: Policy, changed: (verdict: Verdict) => void): void {
    const watcher: Watcher = { name, policy: new WeakRef(policy), changed: new WeakRef(changed) }
    this.#watchers.set(name, (this.#watchers.get(name) ?? new Set()).add(watcher))
    this.#gone ??= new FinalizationRegistry((gone) => this.#forget(gone))
    this.#gone.register(changed, watcher)
    this.#begin()
    // This also makes WebKitGTK send `storage` events: it sends none to a page that has never used its
    // storage.
    if (this.#records.text(name)) changed(this.#verdict(name, policy))
  }

  /** Forgets a breaker that was collected, and its name with the last one. */
  #forget(gone: Watcher): void {
    const { name } = gone
    const watchers = this.#watchers.get(name)
    watchers?.delete(gone)
    if (watchers?.size) return
    this.#watchers.delete(name)
    this.#unwritten.delete(name)
    this.#records.forget(name)
    this.#leadership.forget(name)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    if (typeof addEventListener === "function") {
      // Weak: a page may make a store for each of its views.
      const self = new WeakRef(this)
      const look = (event: StorageEvent | PageTransitionEvent): void => {
        const store = self.deref()
        if (!store) for (const type of EVENTS) removeEventListener(type, look)
        // The key is `null` when the storage was cleared.
        else if ("key" in event) store.#lookAgain(event.key)
        else if (event.persisted) store.#lookAgain(null)
      }
      for (const type of EVENTS) addEventListener(type, look)
    }
    this.#records.tidy()
  }

  /**
   * Shows the record under this key to those that watch it; for `null`, all records to all.
   *
   * @param writer - The policy of the breaker that has written the record, which knows it.
   */
  #lookAgain(key: string | null, writer?: Policy): void {
    const { prefix } = this.#records
    for (const [name, watchers] of this.#watchers) {
      if (key !== null && key !== prefix + name) continue
      for (const watcher of watchers) {
        const policy = watcher.policy.deref()
        if (!policy || policy === writer) continue
        try {
          watcher.changed.deref()?.(this.#verdict(name, policy))
        } catch {
          // No call waits for this. The next exchange will report the error.
        }
      }
    }
  }

  #verdict(name: string, policy: Policy): Verdict {
    const record = this.#leadership.current(name)?.record ?? this.#records.read(name, policy)
    return applyToRecord(record, policy, {}, Date.now())
  }

  async #acquire(name: string, policy: Policy, report: Report): Promise<Verdict> {
    const seen = this.#records.read(name, policy)
    const { now: written } = seen
    const verdict = applyToRecord(seen, policy, {}, Date.now())
    if (verdict.state !== "half-open") return verdict
    let lead = this.#leadership.current(name)
    // An office that was not given back yet does not keep other tabs out of a later half-open state. But its term may
    // be a later one than that of the record, while this tab has not got a lease after it passed over a stuck one.
    if (!lead || lead.term < seen.generation) lead = await this.#leadership.take(name, policy, seen, written)
    if (!lead) return verdict
    clearTimeout(lead.leaving)
    lead.leaving = undefined
    const { verdict: granted, text } = applyAndCompare(lead.record, policy, report, Date.now())
    try {
      if (granted.lease) this.#records.write(name, lead.record, text, lead)
    } catch (error) {
      // Other tabs cannot see the lease: if this tab got stuck, they would wait for it without knowing.
      this.#leadership.dismiss(name, lead)
      throw error
    }
    this.#leadership.retire(name)
    return granted
  }
}
