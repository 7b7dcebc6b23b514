const TICK = 50

/** Makes `rate` calls a second: calls `send` with the number of calls that are due. */
export class Load {
  rate = 0
  #due = 0
  #last = performance.now()

  constructor(send: (count: number) => void) {
    setInterval(() => {
      const now = performance.now()
      // A tab that was hidden or asleep makes up for one second at most.
      this.#due += (this.rate * Math.min(now - this.#last, 1_000)) / 1_000
      this.#last = now
      const count = Math.floor(this.#due)
      this.#due -= count
      if (count > 0) send(count)
    }, TICK)
  }
}
