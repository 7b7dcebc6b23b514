/** A client in some runtime, for real traffic. */
import type { Tally } from "./client.ts"

export interface Subject extends AsyncDisposable {
  readonly name: string
  /** Makes one call, and resolves once that has ended. */
  call(): Promise<void>
  tally(): Promise<Tally>
  /** Bytes of heap in use after a collection. */
  heapUsed(): Promise<number>
  /** Unhandled rejections. */
  unhandled(): Promise<number>
}
