/**
 * A record in the page's storage, shared by the tabs of an origin and by later pages.
 *
 * @module
 */
import { checkAll, STRING, type Rule } from "../../core/check.ts"
import type { Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, decodeRecord, encodeRecord, freeLeases, leaseTime, renew, type Report, type SharedRecord, type Verdict } from "../../core/shared.ts"
import type { BreakerStore } from "../../store.ts"
import { linkTo, type SharedStorage } from "../link.ts"
import { elect, type Office } from "./election.ts"
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

/**
 * A breaker that wants to know of changes. Weak: the event listeners live as long as the page, and must not keep
 * breakers alive.
 */
interface Watcher {
  readonly name: string
  readonly policy: WeakRef<Policy>
  readonly changed: WeakRef<(verdict: Verdict) => void>
}

/**
 * The role of the tab that makes the half-open calls. Until they have ended, its copy of the record is the
 * valid one.
 */
interface Lead {
  readonly office: Office
  /** The generation of the half-open state that the office belongs to. */
  readonly term: number
  readonly record: BreakerRecord
  /** The record as it should be in the storage, unless another tab has written since. */
  text: string | undefined
  /** Timer that gives the office back. */
  leaving: ReturnType<typeof setTimeout> | undefined
}

/** When this tab was first refused each office of a half-open state: of its own term, and of those after it. */
interface Refusals {
  readonly generation: number
  readonly since: number[]
}

// Two days, in milliseconds: longer than any open period that a page waits for.
const KEEP = 172_800_000
// How many milliseconds the office is kept after the last write: 20 were enough when measured, for other tabs
// to see the write before they get the lock.
const SETTLE = 50

class PageStorage implements SharedStorage {
  // Long, since nothing here goes over a network, and an answer that is late still comes: a lock on a busy
  // machine, or the claim of a hidden page, whose timers take a second.
  readonly deadline = 2_000
  readonly #given: WebStorage | null | undefined
  readonly #prefix: string
  readonly #leads = new Map<string, Lead>()
  readonly #elections = new Map<string, Promise<Lead | undefined>>()
  readonly #refusals = new Map<string, Refusals>()
  /** The last record of each name that was open, as far as this page knows. */
  readonly #opened = new Map<string, string>()
  readonly #watchers = new Set<Watcher>()
  // Made when it is needed: Workers with a compatibility date before 2025-05-05 do not have it.
  #gone: FinalizationRegistry<Watcher> | undefined
  #begun = false

  constructor({ storage, prefix = "webbreaker:" }: LocalStorageSettings) {
    this.#given = storage
    this.#prefix = prefix
  }

  exchange(name: string, policy: Policy, report: Report): Verdict | Promise<Verdict> {
    if (report.acquire) return this.#acquire(name, policy, report)
    const lead = this.#leadOf(name)
    const lost = lead ? undefined : this.#leads.get(name)
    const record = lead?.record ?? this.#read(name, policy)
    const now = Date.now()
    // A lead that was lost still follows its own calls, and gives its office back only when they have ended:
    // to other tabs a free office means that these calls are gone.
    if (lost) applyToRecord(lost.record, policy, report, now)
    applyToRecord(record, policy, {}, now)
    const before = encode(record, policy)
    const verdict = applyToRecord(record, policy, report, now)
    const text = encode(record, policy)
    try {
      // A tab whose report changes nothing must not write: it could overwrite a newer record of the leading
      // tab.
      if (text !== before) {
        this.#write(name, text, lead)
        if (record.state === "open") this.#opened.set(name, text)
        // The page that writes gets no event, but may have other breakers of this name.
        queueMicrotask(() => this.#lookAgain(this.#prefix + name, policy))
      }
    } finally {
      this.#retire(name, lead ?? lost)
    }
    return verdict
  }

  watch(name: string, policy: Policy, changed: (verdict: Verdict) => void): void {
    const watcher: Watcher = { name, policy: new WeakRef(policy), changed: new WeakRef(changed) }
    this.#watchers.add(watcher)
    this.#gone ??= new FinalizationRegistry((gone) => this.#watchers.delete(gone))
    this.#gone.register(changed, watcher)
    this.#begin()
    // This also makes WebKitGTK send `storage` events: it sends none to a page that has never used its
    // storage.
    if (this.#text(name) !== undefined) this.#look(watcher)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    if (typeof addEventListener === "function") {
      addEventListener("storage", ({ key }) => this.#lookAgain(key))
      // Firefox and WebKit do not deliver the events that a page missed in the back/forward cache.
      addEventListener("pageshow", ({ persisted }) => {
        if (persisted) this.#lookAgain(null)
      })
    }
    this.#tidy()
  }

  /** Removes records that have been of no use for days, and would only fill the storage of the page. */
  #tidy(): void {
    const storage = this.#storage()
    for (const key of Object.keys(storage)) {
      if (!key.startsWith(this.#prefix)) continue
      const { at = NaN, durationMs = NaN } = (parse(storage.getItem(key)) ?? {}) as Partial<SharedRecord>
      if (Date.now() - at - durationMs > KEEP) storage.removeItem(key)
    }
  }

  /**
   * Reads the record of one key again, or all of them when it is `null`, as in the event of a cleared storage.
   *
   * @param writer - The policy of the breaker that has written the record, which knows it.
   */
  #lookAgain(key: string | null, writer?: Policy): void {
    for (const watcher of this.#watchers) {
      if (key !== null && key !== this.#prefix + watcher.name) continue
      if (writer && watcher.policy.deref() === writer) continue
      try {
        this.#look(watcher)
      } catch {
        // No call waits for this. The next exchange will report the error.
      }
    }
  }

  #look(watcher: Watcher): void {
    const { name } = watcher
    const policy = watcher.policy.deref()
    const changed = watcher.changed.deref()
    if (!policy || !changed) return
    const record = this.#leadOf(name)?.record ?? this.#read(name, policy)
    changed(applyToRecord(record, policy, {}, Date.now()))
  }

  async #acquire(name: string, policy: Policy, report: Report): Promise<Verdict> {
    const seen = this.#read(name, policy)
    const { now: written } = seen
    const verdict = applyToRecord(seen, policy, {}, Date.now())
    if (verdict.state !== "half-open") return verdict
    let lead = this.#leadOf(name)
    // An office that was not given back yet does not keep other tabs out of a later half-open state. But its term may
    // be a later one than that of the record, while this tab has not got a lease after it passed over a stuck one.
    if (!lead || lead.term < seen.generation) lead = await this.#takeLead(name, policy, seen, written)
    if (!lead) return verdict
    clearTimeout(lead.leaving)
    lead.leaving = undefined
    const granted = applyToRecord(lead.record, policy, report, Date.now())
    try {
      if (granted.lease) this.#write(name, encode(lead.record, policy), lead)
    } catch (error) {
      // Other tabs cannot see the lease: if this tab got stuck, they would wait for it without knowing.
      this.#dismiss(name, lead)
      throw error
    }
    this.#retire(name, lead)
    return granted
  }

  /**
   * Tries to become the leader. Calls that are made at the same moment share one election.
   *
   * @param written - When the record was last written.
   */
  #takeLead(name: string, policy: Policy, seen: BreakerRecord, written: number): Promise<Lead | undefined> {
    const limit = leaseTime(seen, policy)
    const { generation, now } = seen
    const isOver = (begin: number): boolean => now - begin > limit
    // A tab that is stuck does not give its office back, so each half-open state has an office of its own.
    // When a lease was not settled in time, the election is for the office of the next generation, in which
    // the half-open state goes on. So it is when the holder of the office has been silent for as long: it may be
    // stuck without a lease, before it takes one or after the last has ended.
    let ahead = seen.probes?.some(({ at }) => isOver(at)) ? 1 : 0
    const { since } = this.#refusalsOf(name, generation)
    while (isOver(Math.max(since[ahead] ?? Infinity, written))) ahead += 1
    const term = generation + ahead
    const key = `${name} ${term}`
    let election = this.#elections.get(key)
    if (!election) {
      election = this.#stand(name, policy, term, ahead, limit).finally(() => this.#elections.delete(key))
      this.#elections.set(key, election)
      election.then(
        (lead) => lead || (since[ahead] ??= Date.now()),
        () => {},
      )
    }
    return election
  }

  #refusalsOf(name: string, generation: number): Refusals {
    let refusals = this.#refusals.get(name)
    if (refusals?.generation !== generation) this.#refusals.set(name, (refusals = { generation, since: [] }))
    return refusals
  }

  /** @param ahead - How many terms after that of the record the office belongs to. */
  async #stand(name: string, policy: Policy, term: number, ahead: number, limit: number): Promise<Lead | undefined> {
    const office = await elect(`lead:${this.#prefix}${name}`, `${term}`, this.#storage(), limit)
    if (!office) return undefined
    try {
      const text = this.#text(name)
      const record = decode(text, policy)
      applyToRecord(record, policy, {}, Date.now())
      // A tab that was busy or frozen when it was elected may be late: this half-open state is over.
      if (record.generation + ahead !== term) {
        office.resign()
        return undefined
      }
      // Since the office was free, the tabs that held leases are gone. They may still be there if a stuck tab
      // was passed over, or if the office is not certain: then only leases that have expired are free.
      freeLeases(record, policy, ahead || !office.sure ? limit : -Infinity)
      if (ahead) renew(record, term)
      const lead: Lead = { office, term, record, text, leaving: undefined }
      this.#leads.get(name)?.office.resign()
      this.#leads.set(name, lead)
      return lead
    } catch (error) {
      office.resign()
      throw error
    }
  }

  /** The lead of this tab, unless it was lost, for example when the tab was frozen and another one took over. */
  #leadOf(name: string): Lead | undefined {
    const lead = this.#leads.get(name)
    return lead?.office.isHeld() && this.#text(name) === lead.text ? lead : undefined
  }

  /**
   * When the calls of a lead have ended, gives its office back a moment later, unless this tab makes another
   * call by then.
   */
  #retire(name: string, lead: Lead | undefined): void {
    if (lead && !lead.record.probes?.length) lead.leaving ??= setTimeout(() => this.#dismiss(name, lead), SETTLE)
  }

  #dismiss(name: string, lead: Lead): void {
    if (this.#leads.get(name) === lead) this.#leads.delete(name)
    lead.office.resign()
  }

  #storage(): WebStorage {
    const storage: WebStorage | null | undefined = this.#given === undefined ? globalThis.localStorage : this.#given
    // It is `null` in Firefox when the user turned it off, and does not exist in workers and in Node.
    if (!storage) throw new Error("localStorage is not available")
    return storage
  }

  #text(name: string): string | undefined {
    return this.#storage().getItem(this.#prefix + name) ?? undefined
  }

  /**
   * Reads the record. Another tab may have written it without having seen yet that it had been opened: nothing makes
   * the tabs take turns. Then the open record, which is of a later generation, is written back.
   */
  #read(name: string, policy: Policy): BreakerRecord {
    const text = this.#text(name)
    const record = decode(text, policy)
    const last = this.#opened.get(name)
    if (text !== undefined && last !== undefined && last !== text) {
      const opened = decode(last, policy)
      if (record.generation < opened.generation && applyToRecord(opened, policy, {}, Date.now()).state === "open") {
        this.#write(name, last, undefined)
        return opened
      }
    }
    if (text !== undefined && record.state === "open") this.#opened.set(name, text)
    return record
  }

  #write(name: string, text: string, lead: Lead | undefined): void {
    this.#storage().setItem(this.#prefix + name, text)
    if (lead) lead.text = text
  }
}

function encode(record: BreakerRecord, policy: Policy): string {
  return JSON.stringify(encodeRecord(record, policy))
}

function decode(text: string | undefined, policy: Policy): BreakerRecord {
  return decodeRecord(parse(text), policy, Date.now())
}

function parse(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "null")
  } catch {
    // Then there is no record.
    return undefined
  }
}
