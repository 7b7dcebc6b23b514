/**
 * A record in the page's storage, shared by the tabs of an origin and by the pages to come.
 *
 * @module
 */
import type { Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, decodeRecord, encodeRecord, freeLeases, type Report, type Verdict } from "../../core/shared.ts"
import type { BreakerStore } from "../../store.ts"
import { createStore, type SharedStorage } from "../create-store.ts"
import { elect, type Office } from "./election.ts"

/** Settings of {@link localStorageStore}. */
export interface LocalStorageSettings {
  /** @defaultValue `localStorage` */
  readonly storage?: Storage
  /**
   * What the keys in the storage begin with; the name of the breaker follows.
   *
   * @defaultValue `"webbreaker:"`
   */
  readonly prefix?: string
}

/**
 * Shares breakers of the same name between the tabs of an origin, and keeps their verdict across page
 * loads: open stays open for what remained, and a streak of failures goes on.
 *
 * While half-open, `maxRequests` calls of all tabs together are made. The store has no timer and no
 * channel, and does not keep a page out of the back/forward cache. Where there is no storage, or access
 * to it is denied, or it is full, the breaker goes on by itself and a `"storeerror"` says why.
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
  return createStore(new PageStorage(settings))
}

/** The tab that makes the half-open calls: until it has done, its copy of the record is the true one. */
interface Lead {
  readonly office: Office
  readonly record: BreakerRecord
}

class PageStorage implements SharedStorage {
  readonly #given: Storage | undefined
  readonly #prefix: string
  readonly #leads = new Map<string, Lead>()
  readonly #elections = new Map<string, Promise<Office | undefined>>()

  constructor({ storage, prefix = "webbreaker:" }: LocalStorageSettings) {
    this.#given = storage
    this.#prefix = prefix
  }

  exchange(name: string, policy: Policy, report: Report): Verdict | Promise<Verdict> {
    if (report.acquire) return this.#acquire(name, policy, report)
    const lead = this.#leadOf(name)
    const record = lead?.record ?? this.#read(name, policy)
    const verdict = applyToRecord(record, policy, report, Date.now())
    this.#write(name, policy, record)
    if (lead && !record.probes?.length) {
      this.#leads.delete(name)
      lead.office.resign()
    }
    return verdict
  }

  watch(name: string, policy: Policy, changed: (verdict: Verdict) => void): void {
    const key = this.#prefix + name
    const look = (): void => {
      if (!this.#leadOf(name)) changed(applyToRecord(this.#read(name, policy), policy, {}, Date.now()))
    }
    // Also what makes WebKitGTK send the events: it sends none to a page that never used its storage.
    if (this.#storage().getItem(key) !== null) look()
    if (typeof addEventListener !== "function") return
    addEventListener("storage", (event) => {
      if (event.key === key) look()
    })
    // Firefox and WebKit do not deliver the events that a page missed in the back/forward cache.
    addEventListener("pageshow", (event) => {
      if (event.persisted) look()
    })
  }

  async #acquire(name: string, policy: Policy, report: Report): Promise<Verdict> {
    const seen = this.#read(name, policy)
    const verdict = applyToRecord(seen, policy, {}, Date.now())
    if (verdict.state !== "half-open") return verdict
    const lead = this.#leadOf(name) ?? (await this.#takeLead(name, policy, seen))
    if (!lead) return verdict
    const granted = applyToRecord(lead.record, policy, report, Date.now())
    this.#write(name, policy, lead.record)
    return granted
  }

  /** Calls that are made at the same moment stand for election as one. */
  async #takeLead(name: string, policy: Policy, seen: BreakerRecord): Promise<Lead | undefined> {
    let election = this.#elections.get(name)
    if (!election) {
      // A tab that is frozen, or was when its call ended, does not give its office back.
      const limit = policy.probeTimeout ?? seen.openFor
      const stuck = limit > 0 && (seen.probes ?? []).some(({ at }) => seen.now - at > limit)
      election = elect(`${this.#prefix}${name}:lead`, this.#storage(), stuck)
      this.#elections.set(name, election)
    }
    let office: Office | undefined
    try {
      office = await election
    } finally {
      this.#elections.delete(name)
    }
    // Another of those calls was here first.
    const lead = this.#leadOf(name)
    if (lead || !office) return lead
    const record = this.#read(name, policy)
    applyToRecord(record, policy, {}, Date.now())
    // Whoever had a lease before is gone, or has lost its office.
    freeLeases(record, policy, -Infinity)
    this.#leads.set(name, { office, record })
    return this.#leads.get(name)
  }

  #leadOf(name: string): Lead | undefined {
    const lead = this.#leads.get(name)
    return lead?.office.held ? lead : undefined
  }

  #storage(): Storage {
    const storage = this.#given ?? globalThis.localStorage
    // Firefox has `null` where the user turned it off, workers and Node have nothing.
    if (!storage) throw new Error("localStorage is not available")
    return storage
  }

  #read(name: string, policy: Policy): BreakerRecord {
    const text = this.#storage().getItem(this.#prefix + name)
    return decodeRecord(parse(text), policy, Date.now())
  }

  #write(name: string, policy: Policy, record: BreakerRecord): void {
    this.#storage().setItem(this.#prefix + name, JSON.stringify(encodeRecord(record, policy)))
  }
}

function parse(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}
