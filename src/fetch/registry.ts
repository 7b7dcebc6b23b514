/**
 * The breakers of a wrapped fetch, one for each key.
 *
 * @module
 */
import type { CircuitBreaker } from "../breaker.ts"
import { OBJECT } from "../core/check.ts"
import type { BreakerSnapshot } from "../core/snapshot.ts"

interface Entry {
  readonly breaker: CircuitBreaker
  /** Calls under way. */
  calls: number
  /** When the last call began. */
  usedAt: number
}

// A Worker's call never settles when its client has gone. After so many milliseconds it keeps no breaker busy.
const LONGEST_CALL = 300_000

/**
 * A bounded map of breakers. When it is full, the least recently used one that is closed and idle makes room; if
 * there is none, one that is not open; if there is none, any.
 */
export class BreakerRegistry implements Iterable<[key: string, breaker: CircuitBreaker]> {
  // In order of use, the most recently used last.
  readonly #entries = new Map<string, Entry>()
  readonly #create: (key: string, snapshot?: unknown) => CircuitBreaker
  readonly #added: (breaker: CircuitBreaker, key: string) => void
  readonly #max: number

  /**
   * Called by `wrapFetch`.
   *
   * @param snapshots - By key; a breaker is made from each, as if it was called for in this order.
   */
  constructor(
    create: (key: string, snapshot?: unknown) => CircuitBreaker,
    added: (breaker: CircuitBreaker, key: string) => void,
    max: number,
    snapshots: unknown,
  ) {
    this.#create = create
    this.#added = added
    this.#max = max
    if (OBJECT[1](snapshots)) for (const [key, snapshot] of Object.entries(snapshots as object)) this.#add(key, snapshot)
  }

  /** How many breakers there are. */
  get size(): number {
    return this.#entries.size
  }

  /** The breaker for `key`; `undefined` before its first call, and after it was removed to make room. */
  get(key: string): CircuitBreaker | undefined {
    return this.#entries.get(key)?.breaker
  }

  /** Whether there is a breaker for `key`. */
  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Keys and breakers, the least recently used first. */
  *[Symbol.iterator](): IterableIterator<[key: string, breaker: CircuitBreaker]> {
    // Iterates over a copy: a call made meanwhile moves its key to the end, where it would be visited again.
    for (const [key, { breaker }] of [...this.#entries]) yield [key, breaker]
  }

  /** All breakers as plain JSON: for a dashboard, or for the setting `snapshot`. */
  snapshot(): Record<string, BreakerSnapshot> {
    return Object.fromEntries([...this].map(([key, breaker]) => [key, breaker.snapshot()]))
  }

  /**
   * Runs a call through the breaker for `key`, which is not idle until the call settles.
   *
   * @internal
   */
  async use<T>(key: string, call: (breaker: CircuitBreaker) => Promise<T>): Promise<T> {
    const entry = this.#entries.get(key) ?? this.#add(key)
    // Moves it to the end, unless calls that `added` has made displaced it.
    if (this.#entries.get(key) === entry && this.#entries.delete(key)) this.#entries.set(key, entry)
    entry.calls += 1
    entry.usedAt = performance.now()
    try {
      return await call(entry.breaker)
    } finally {
      entry.calls -= 1
    }
  }

  #add(key: string, snapshot?: unknown): Entry {
    // First, since `perKey` may make calls too.
    const entry: Entry = { breaker: this.#create(key, snapshot), calls: 0, usedAt: 0 }
    while (this.#entries.size >= this.#max) this.#entries.delete(this.#leastValuable())
    // To choose one, states are read. A listener that is told of a change may have made calls: for further keys,
    // so that more than one has to go, or for this one.
    const present = this.#entries.get(key)
    if (present) return present
    this.#entries.set(key, entry)
    // After it is in the map, so that a call for the same key finds it.
    this.#added(entry.breaker, key)
    return entry
  }

  #leastValuable(): string {
    let victim = ""
    let least = Infinity
    for (const [key, entry] of this.#entries) {
      const value = valueOf(entry)
      if (value < least) {
        victim = key
        least = value
      }
      if (value === 0) break
    }
    return victim
  }
}

/** What is lost with a breaker: least when it is closed and idle, most when it is open. */
function valueOf({ breaker: { state }, calls, usedAt }: Entry): 0 | 1 | 2 {
  if (state === "open") return 2
  // One that has been half-open for long is no longer used: it must not outlast those that are.
  return state === "half-open" || (calls > 0 && performance.now() - usedAt < LONGEST_CALL) ? 1 : 0
}
