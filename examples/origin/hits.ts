import { sendJson } from "./wire.ts"
import type { Exchange } from "./wire.ts"

/** How many requests arrived, in all and by the `?id=` they carried. */
export class Hits {
  readonly #byId = new Map<string, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  of(id: string): number {
    return this.#byId.get(id) ?? 0
  }

  count(id: string | null, inTotal: boolean): void {
    if (inTotal) this.#total++
    if (id !== null) this.#byId.set(id, this.of(id) + 1)
  }

  /** `/hits`: the number for one id, or for each of them. */
  report({ response, query }: Exchange): void {
    const id = query.get("id")
    const hits = id === null ? Object.fromEntries(this.#byId) : this.of(id)
    sendJson(response, 200, { hits })
  }
}
