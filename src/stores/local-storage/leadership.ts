/**
 * Which half-open states this tab leads: while it does, it makes the half-open calls of all tabs.
 *
 * @module
 */
import type { Policy } from "../../core/policy.ts"
import type { BreakerRecord } from "../../core/record.ts"
import { applyToRecord, freeLeases, leaseTime, renew } from "../../core/shared.ts"
import { elect, type Office } from "./election.ts"
import { decode, type PageRecords } from "./page-records.ts"

/**
 * The role of the tab that makes the half-open calls. Until they have ended, its copy of the record is the
 * valid one.
 */
export interface Lead extends Office {
  /** The generation of the half-open state that the office belongs to. */
  readonly term: number
  readonly record: BreakerRecord
  /** The record as it should be in the storage, unless another tab has written since. */
  text: string | null
  /** Timer that gives the office back. */
  leaving: ReturnType<typeof setTimeout> | undefined
}

/** What this tab has tried to become the leader of one half-open state. */
interface Campaign {
  readonly generation: number
  /** When this tab was first refused each office: of the state's own term, and of those after it. */
  readonly refusals: number[]
  /** The election under way. Calls that are made at the same moment share it. */
  election: Promise<Lead | undefined> | undefined
}

// How many milliseconds the office is kept after the last write: 20 were enough when measured, for other tabs
// to see the write before they get the lock.
const SETTLE = 50

/** The leads of this tab, by the name of the breaker. */
export class Leadership {
  readonly #records: PageRecords
  readonly #leads = new Map<string, Lead>()
  readonly #campaigns = new Map<string, Campaign>()

  constructor(records: PageRecords) {
    this.#records = records
  }

  /** The lead of this tab, also one that it has lost. */
  last(name: string): Lead | undefined {
    return this.#leads.get(name)
  }

  /** The lead of this tab, unless it was lost, for example when the tab was frozen and another one took over. */
  current(name: string): Lead | undefined {
    const lead = this.#leads.get(name)
    return lead?.isHeld() && this.#records.text(name) === lead.text ? lead : undefined
  }

  /**
   * Tries to become the leader.
   *
   * @param seen - The record, up to date.
   * @param written - When it was last written.
   * @returns `undefined` when another tab leads.
   */
  take(name: string, policy: Policy, seen: BreakerRecord, written: number): Promise<Lead | undefined> {
    const { generation } = seen
    const last = this.#campaigns.get(name)
    const campaign = last?.generation === generation ? last : { generation, refusals: [], election: undefined }
    this.#campaigns.set(name, campaign)
    campaign.election ??= this.#stand(name, policy, seen, written, campaign.refusals).finally(() => {
      campaign.election = undefined
    })
    return campaign.election
  }

  /**
   * A tab that is stuck does not give its office back, so each half-open state has an office of its own. When a
   * lease was not settled in time, the election is for the office of the next generation, in which the half-open
   * state goes on. So it is when this tab was refused as long ago and the record was not written since: the holder of
   * the office may be stuck without a lease, before it takes one or after the last has ended.
   */
  async #stand(
    name: string,
    policy: Policy,
    seen: BreakerRecord,
    written: number,
    refusals: number[],
  ): Promise<Lead | undefined> {
    const { prefix, storage } = this.#records
    const { generation, now } = seen
    const limit = leaseTime(seen, policy)
    const isOver = (begin: number): boolean => now - begin > limit
    let ahead = seen.probes?.some(({ at }) => isOver(at)) ? 1 : 0
    let isGuess = false
    let office: Office | undefined
    while (!(office = await elect(`lead:${prefix}${name}`, `${generation + ahead}`, storage, limit))) {
      // A clock that was set back must not make the wait longer.
      const refusedAt = Math.min(refusals[ahead] ?? now, now)
      refusals[ahead] = refusedAt
      if (!isOver(Math.max(refusedAt, written))) return undefined
      isGuess = true
      ahead += 1
    }
    try {
      // The holder that was passed over may have come back just now. Its lease is visible a moment later.
      if (isGuess) await new Promise((resolve) => setTimeout(resolve, SETTLE))
      const text = this.#records.text(name)
      const record = decode(text, policy)
      applyToRecord(record, policy, {}, Date.now())
      // A tab that was busy or frozen when it was elected may be late: this half-open state is over.
      if (record.generation !== generation) {
        office.resign()
        return undefined
      }
      // Since the office was free, the tabs that held leases are gone. They may still be there if a stuck tab
      // was passed over, or if the office is not certain: then only leases that have expired are free.
      freeLeases(record, policy, ahead || !office.sure ? limit : -Infinity)
      const term = generation + ahead
      if (ahead) renew(record, term)
      const lead: Lead = { ...office, term, record, text, leaving: undefined }
      this.#leads.get(name)?.resign()
      this.#leads.set(name, lead)
      return lead
    } catch (error) {
      office.resign()
      throw error
    }
  }

  /**
   * When the calls of this tab's lead have ended, gives the office back a moment later, unless this tab makes another
   * call by then.
   */
  retire(name: string): void {
    const lead = this.#leads.get(name)
    if (lead && !lead.record.probes?.length) lead.leaving ??= setTimeout(() => this.dismiss(name, lead), SETTLE)
  }

  /** Forgets a name of which this page has no breaker any more. */
  forget(name: string): void {
    this.#campaigns.delete(name)
  }

  /** Gives the office back. */
  dismiss(name: string, lead: Lead): void {
    if (this.#leads.get(name) === lead) this.#leads.delete(name)
    lead.resign()
  }
}
