/**
 * A record in the page's storage, shared by the tabs of an origin and by the pages to come.
 *
 * @module
 */
import { checkAll, type Rule } from "../../core/check.ts"
import type { Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, decodeRecord, encodeRecord, freeLeases, leaseTime, renew, type Report, type SharedRecord, type Verdict } from "../../core/shared.ts"
import type { BreakerStore } from "../../store.ts"
import { createStore, type SharedStorage } from "../create-store.ts"
import { elect, type Office } from "./election.ts"
import type { WebStorage } from "./web-storage.ts"

/** Settings of {@link localStorageStore}. */
export interface LocalStorageSettings {
  /**
   * Where the records are kept; `null`, which some browsers have for one that the user turned off, is none.
   *
   * @defaultValue `localStorage`
   */
  readonly storage?: WebStorage | null | undefined
  /**
   * What the keys in the storage begin with; the name of the breaker follows.
   *
   * @defaultValue `"webbreaker:"`
   */
  readonly prefix?: string | undefined
}

const RULES: Readonly<Record<string, Rule>> = {
  storage: ["a Storage", (value) => value === null || typeof (value as WebStorage).getItem === "function"],
  prefix: ["a string", (value) => typeof value === "string"],
}

/**
 * Shares breakers of the same name between the tabs of an origin, and keeps their verdict across page
 * loads: open stays open for what remained, and a streak of failures goes on.
 *
 * While half-open, `maxRequests` calls of all tabs together are made. A record that was of no use for two days
 * is removed when a page begins. The store has no timer and no
 * channel, and does not keep a page out of the back/forward cache. Where there is no storage, or access
 * to it is denied, or it is full, the breaker goes on by itself and a `"storeerror"` says why.
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
  return createStore(new PageStorage(settings))
}

type Changed = (verdict: Verdict) => void

/** The tab that makes the half-open calls: until it has done, its copy of the record is the true one. */
interface Lead {
  readonly office: Office
  readonly record: BreakerRecord
  /** What it wrote last. */
  text: string | undefined
  /** Gives the office back when it fires. */
  leaving: ReturnType<typeof setTimeout> | undefined
}

// Two days: past every open period that a page lives to see.
const KEEP = 172_800_000
// Storage and locks are known to agree after 20 ms.
const SETTLE = 50

class PageStorage implements SharedStorage {
  // Nothing here goes over a network, so whatever comes late will come: a lock on a busy machine, or the
  // claim of a hidden page, whose timers take a second.
  readonly deadline = 2_000
  readonly #given: WebStorage | null | undefined
  readonly #prefix: string
  readonly #leads = new Map<string, Lead>()
  readonly #elections = new Map<string, Promise<Lead | undefined>>()
  // Weak: a listener lasts as long as the page, and breakers must not.
  readonly #watchers = new Set<WeakRef<Changed>>()
  readonly #watched = new WeakMap<Changed, { readonly name: string; readonly policy: Policy }>()
  readonly #gone = new FinalizationRegistry<WeakRef<Changed>>((ref) => this.#watchers.delete(ref))
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
    // It gives its office back when its calls have ended, and not before: a free one says they are gone.
    if (lost) applyToRecord(lost.record, policy, report, now)
    applyToRecord(record, policy, {}, now)
    const before = encode(record, policy)
    const verdict = applyToRecord(record, policy, report, now)
    const text = encode(record, policy)
    try {
      // Who has nothing to add must not put an older record over that of the tab in the lead.
      if (text !== before) this.#write(name, text, lead)
    } finally {
      this.#retire(name, lead ?? lost)
    }
    return verdict
  }

  watch(name: string, policy: Policy, changed: Changed): void {
    const ref = new WeakRef(changed)
    this.#watchers.add(ref)
    this.#watched.set(changed, { name, policy })
    this.#gone.register(changed, ref)
    this.#begin()
    // Also what makes WebKitGTK send the events: it sends none to a page that never used its storage.
    if (this.#storage().getItem(this.#prefix + name) !== null) this.#look(changed)
  }

  #begin(): void {
    if (this.#begun) return
    this.#begun = true
    if (typeof addEventListener === "function") this.#listen()
    this.#tidy()
  }

  #listen(): void {
    addEventListener("storage", ({ key }) => this.#lookAgain(key))
    // Firefox and WebKit do not deliver the events that a page missed in the back/forward cache.
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#lookAgain(null)
    })
  }

  /** A record that nobody needed for days would only fill the storage of the page. */
  #tidy(): void {
    const storage = this.#storage()
    for (const key of Object.keys(storage)) {
      if (!key.startsWith(this.#prefix)) continue
      const { at = NaN, durationMs = NaN } = (parse(storage.getItem(key)) ?? {}) as Partial<SharedRecord>
      if (Date.now() - at - durationMs > KEEP) storage.removeItem(key)
    }
  }

  /** At the records of one key, or of all when it is `null`, as in the event of a cleared storage. */
  #lookAgain(key: string | null): void {
    for (const ref of this.#watchers) {
      const changed = ref.deref()
      const watched = changed && this.#watched.get(changed)
      if (!watched || (key !== null && key !== this.#prefix + watched.name)) continue
      try {
        this.#look(changed)
      } catch {
        // Nobody has asked for anything: whoever does next will be told.
      }
    }
  }

  #look(changed: Changed): void {
    const { name, policy } = this.#watched.get(changed)!
    if (!this.#leadOf(name)) changed(applyToRecord(this.#read(name, policy), policy, {}, Date.now()))
  }

  async #acquire(name: string, policy: Policy, report: Report): Promise<Verdict> {
    const seen = this.#read(name, policy)
    const verdict = applyToRecord(seen, policy, {}, Date.now())
    if (verdict.state !== "half-open") return verdict
    const lead = this.#leadOf(name) ?? (await this.#takeLead(name, policy, seen))
    if (!lead) return verdict
    clearTimeout(lead.leaving)
    lead.leaving = undefined
    const granted = applyToRecord(lead.record, policy, report, Date.now())
    try {
      if (granted.lease) this.#write(name, encode(lead.record, policy), lead)
    } catch (error) {
      // The others cannot see the lease: they would wait for a tab that nobody knows to be stuck.
      this.#dismiss(name, lead)
      throw error
    }
    this.#retire(name, lead)
    return granted
  }

  /** Calls that are made at the same moment stand for election as one. */
  #takeLead(name: string, policy: Policy, seen: BreakerRecord): Promise<Lead | undefined> {
    const limit = leaseTime(seen, policy)
    // A tab that is stuck does not give its office back. Each half-open state has an office of its own; for
    // one in which a lease was not settled in time it is that of the state that it becomes.
    const isStuck = seen.probes?.some(({ at }) => seen.now - at > limit) ?? false
    const term = `${seen.generation + (isStuck ? 1 : 0)}`
    const key = `${name} ${term}`
    let election = this.#elections.get(key)
    if (!election) {
      election = this.#stand(name, policy, term, isStuck, limit).finally(() => this.#elections.delete(key))
      this.#elections.set(key, election)
    }
    return election
  }

  async #stand(name: string, policy: Policy, term: string, isStuck: boolean, limit: number): Promise<Lead | undefined> {
    const office = await elect(`lead:${this.#prefix}${name}`, term, this.#storage(), limit)
    if (!office?.held) return undefined
    try {
      const text = this.#text(name)
      const record = decode(text, policy)
      applyToRecord(record, policy, {}, Date.now())
      // Whoever had a lease before is gone, unless it could not be asked or its office was passed over.
      freeLeases(record, policy, isStuck || !office.sure ? limit : -Infinity)
      if (isStuck) renew(record)
      const lead: Lead = { office, record, text, leaving: undefined }
      this.#leads.get(name)?.office.resign()
      this.#leads.set(name, lead)
      return lead
    } catch (error) {
      office.resign()
      throw error
    }
  }

  /** The lead, unless it was lost: the tab was frozen, say, and another took over. */
  #leadOf(name: string): Lead | undefined {
    const lead = this.#leads.get(name)
    return lead?.office.held && this.#text(name) === lead.text ? lead : undefined
  }

  /** When its calls have ended, gives the office back a moment later, unless this tab makes another by then. */
  #retire(name: string, lead: Lead | undefined): void {
    if (lead && !lead.record.probes?.length) lead.leaving ??= setTimeout(() => this.#dismiss(name, lead), SETTLE)
  }

  #dismiss(name: string, lead: Lead): void {
    if (this.#leads.get(name) === lead) this.#leads.delete(name)
    lead.office.resign()
  }

  #storage(): WebStorage {
    const storage: WebStorage | null | undefined = this.#given === undefined ? globalThis.localStorage : this.#given
    // Firefox has `null` where the user turned it off, workers and Node have nothing.
    if (!storage) throw new Error("localStorage is not available")
    return storage
  }

  #text(name: string): string | undefined {
    return this.#storage().getItem(this.#prefix + name) ?? undefined
  }

  #read(name: string, policy: Policy): BreakerRecord {
    return decode(this.#text(name), policy)
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
    // No record then.
    return undefined
  }
}
