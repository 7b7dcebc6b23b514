/**
 * Virtual time: scheduled events, in order. Between two events the promise queue is drained, as between two
 * turns of a real event loop.
 */

/** A scheduled event. Without `run` it is cancelled. */
export interface Scheduled {
  readonly time: number
  readonly order: number
  run: (() => void) | undefined
}

// Each turn of the real event loop has a cost, so one turn runs many events.
const TURNS_AT_ONCE = 256
const realSetImmediate = setImmediate

/** Runs events by time, and events of the same time in the order in which they were scheduled. */
export class EventQueue {
  /** Milliseconds since the beginning. */
  now = 0
  #order = 0
  // A binary heap: the event at i comes before those at 2i + 1 and 2i + 2.
  readonly #heap: Scheduled[] = []

  /** Schedules `run` after `delay` milliseconds. */
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
      // Node drains the promise queue after each immediate, even between several in a row.
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
