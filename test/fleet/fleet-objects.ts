/**
 * Durable Objects over a modelled network. They are of the real class, handle one request at a time, and can
 * be slow, down or overloaded.
 */
import type { Report } from "../../src/index.ts"
import type { BreakerNamespace, BreakerObject, BreakerObjectClass } from "../../src/stores/durable-object/index.ts"
import type { EventQueue } from "./event-queue.ts"
import type { Link, Network } from "./network.ts"

/** How the store behaves, as functions of the time in milliseconds. */
export interface StorePlan {
  readonly link: Link
  readonly isDown: (now: number) => boolean
  /** Additional milliseconds for each request. */
  readonly slowness: (now: number) => number
}

// One object takes about a thousand simple requests a second.
const SERVICE_TIME = 1
const LONGEST_QUEUE = 2_000

interface Entry {
  readonly object: BreakerObject
  busyUntil: number
  isClosed: boolean
}

/** A namespace that counts the requests to its objects. */
export class FleetObjects implements BreakerNamespace {
  exchanges = 0
  /** Failures that were reported to it. */
  failuresReported = 0
  /** Called when the closed breaker of an object opens. */
  opened: (() => void) | undefined
  readonly #objectClass: BreakerObjectClass
  readonly #objects = new Map<string, Entry>()
  readonly #queue: EventQueue
  readonly #network: Network
  readonly #plan: StorePlan

  constructor(objectClass: BreakerObjectClass, queue: EventQueue, network: Network, plan: StorePlan) {
    this.#objectClass = objectClass
    this.#queue = queue
    this.#network = network
    this.#plan = plan
  }

  idFromName(name: string): string {
    return name
  }

  get(id: string): ReturnType<BreakerNamespace["get"]> {
    return { fetch: (_url, { body }) => this.#exchange(id, body) }
  }

  async #exchange(id: string, body: string): Promise<Response> {
    this.exchanges += 1
    const { link, slowness, isDown } = this.#plan
    await this.#way(link)
    const { now } = this.#queue
    if (isDown(now)) throw new Error("The store is down")
    const entry = this.#entry(id)
    const waiting = Math.max(entry.busyUntil - now, 0)
    if (waiting > LONGEST_QUEUE) throw Object.assign(new Error("Too many requests"), { overloaded: true })
    entry.busyUntil = now + waiting + SERVICE_TIME
    await this.#wait(waiting + SERVICE_TIME + slowness(now))
    this.failuresReported += failuresIn(body)
    const response = await entry.object.fetch({ text: async () => body } as Request)
    const text = await response.text()
    const isClosed = text.includes('"state":"closed"')
    if (entry.isClosed && !isClosed) this.opened?.()
    entry.isClosed = isClosed
    await this.#way(link)
    return response
  }

  #entry(id: string): Entry {
    let entry = this.#objects.get(id)
    if (!entry) {
      const stored = new Map<string, unknown>()
      const storage = {
        get: async (key: string) => stored.get(key),
        put: async (key: string, value: unknown) => void stored.set(key, value),
      }
      entry = { object: new this.#objectClass({ storage }), busyUntil: 0, isClosed: true }
      this.#objects.set(id, entry)
    }
    return entry
  }

  async #way(link: Link): Promise<void> {
    const delay = this.#network.delay(link, 0.5)
    await this.#wait(delay ?? link.roundTrip)
    if (delay === undefined) throw new Error("Lost on the way")
  }

  #wait(delay: number): Promise<void> {
    return new Promise((resolve) => this.#network.after(delay, resolve))
  }
}

function failuresIn(body: string): number {
  const { runs = [] } = (JSON.parse(body) as { report: Report }).report
  return runs.reduce((sum, { outcome, calls }) => sum + (outcome === "failure" ? calls : 0), 0)
}
