/** What became of a call. */
export type CallOutcome = "succeeded" | "failed" | "rejected" | "excluded"

export interface CallRecord {
  readonly sentAt: number
  /** `undefined` while it is under way. */
  settled: { readonly at: number; readonly outcome: CallOutcome } | undefined
}

export type CallTotals = Readonly<Record<"sent" | CallOutcome, number>>

/** The calls of this tab: the latest one by one, all of them as numbers. */
export class CallLog {
  readonly #keep: number
  #latest: CallRecord[] = []
  #totals = { sent: 0, succeeded: 0, failed: 0, rejected: 0, excluded: 0 }

  /** @param keep - Milliseconds for which a call is remembered. */
  constructor(keep: number) {
    this.#keep = keep
  }

  get latest(): readonly CallRecord[] {
    return this.#latest
  }

  get totals(): CallTotals {
    return this.#totals
  }

  /** Notes a call, and what it comes to. */
  async watch(call: Promise<CallOutcome>): Promise<void> {
    const record: CallRecord = { sentAt: performance.now(), settled: undefined }
    this.#forget(record.sentAt)
    this.#latest.push(record)
    this.#totals.sent += 1
    const outcome = await call
    record.settled = { at: performance.now(), outcome }
    this.#totals[outcome] += 1
  }

  #forget(now: number): void {
    const oldest = this.#latest[0]
    // Not at every call: a second's worth at once.
    if (!oldest || now - oldest.sentAt < this.#keep + 1_000) return
    this.#latest = this.#latest.filter(({ sentAt }) => now - sentAt < this.#keep)
  }
}
