/** How a call ended. */
export type CallOutcome = "succeeded" | "failed" | "rejected" | "excluded"

export interface CallRecord {
  readonly sentAt: number
  /** `undefined` while it is under way. */
  settled: { readonly at: number; readonly outcome: CallOutcome } | undefined
}

export type CallTotals = Readonly<Record<"sent" | CallOutcome, number>>

/** The calls of this tab: a record of each recent one, and the totals of all. */
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

  /** Records a call, and its outcome when it settles. */
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
    // Old records are dropped about once a second, not at every call.
    if (!oldest || now - oldest.sentAt < this.#keep + 1_000) return
    this.#latest = this.#latest.filter(({ sentAt }) => now - sentAt < this.#keep)
  }
}
