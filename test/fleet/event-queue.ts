/**
 * Virtual time: what is to happen, in order. Between two events all promises settle that can, as between
 * two turns of a real event loop.
 */

/** Something that is to happen; `cancelled` ones do not. */
export interface Scheduled {
  readonly time: number
  readonly order: number
  run: (() => void) | undefined
}

// Each turn of the real event loop has its cost, so one goes through many events.
const TURNS_AT_ONCE = 256
const realSetImmediate = setImmediate

/** Runs what was scheduled, the earliest first, and of the same time what was scheduled first. */
export class EventQueue {
  /** Milliseconds since the beginning. */
  now = 0
  #order = 0
  // A binary heap: each event is before the two that come after it at 2i + 1 and 2i + 2.
  readonly #heap: Scheduled[] = []

  /** Schedules `run` after so many milliseconds. */
  after(delay: number, run: () => void): Scheduled {
    const event = { time: this.now + Math.max(delay, 0), order: this.#order++, run }
    this.#push(event)
    return event
  }

  /** Lets time pass until `end`; rejects with what an event throws. */
  run(end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let over = false
      const turn = (): void => {
        if (over) return
        const event = this.#heap[0]
        if (!event || event.time > end) {
          over = true
          this.now = end
          return resolve()
        }
        this.#pop()
        this.now = event.time
        try {
          event.run?.()
        } catch (error) {
          over = true
          reject(error)
        }
      }
      // Node drains the promises after each immediate, also when there are many in a row.
      const turns = (): void => {
        for (let i = 0; i < TURNS_AT_ONCE; i++) realSetImmediate(turn)
        realSetImmediate(() => {
          if (!over) turns()
        })
      }
      turns()
    })
  }

  #push(event: Scheduled): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]!
      if (isBefore(parent, event)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1
      if (isBefore(last, heap[below]!)) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = last
  }
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order)
}
