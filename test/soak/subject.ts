/** A client somewhere that real traffic is sent through. */
import type { Tally } from "./client.ts"

export interface Subject extends AsyncDisposable {
  readonly name: string
  /** Makes one call, and resolves once that has ended. */
  call(): Promise<void>
  tally(): Promise<Tally>
  /** Bytes of heap in use after a collection. */
  heapUsed(): Promise<number>
  /** Rejections that nobody has handled. */
  unhandled(): Promise<number>
}
