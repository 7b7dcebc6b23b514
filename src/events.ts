/**
 * What a breaker announces, and the listeners it announces it to.
 *
 * @module
 */
import type { Counts, Outcome, State } from "./core/counts.ts"
import type { CircuitBreakerError } from "./errors.ts"
import { report } from "./report.ts"

/** An event of a breaker; what it tells depends on its type. */
export class BreakerEvent extends Event {
  /** Name of the breaker. */
  declare readonly breaker: string

  /** Called by the breaker. */
  constructor(type: string, fields: object) {
    super(type)
    Object.assign(this, fields)
  }
}

/** `"statechange"`: the breaker's state is `to` from here on. */
export interface StateChangeEvent extends BreakerEvent {
  /** Of this interface. */
  readonly type: "statechange"
  /** The state before. */
  readonly from: State
  /** The state from here on. */
  readonly to: State
  /** The counts that led to the change. */
  readonly counts: Counts
  /** The error that opened the breaker, when there was one. */
  readonly error: unknown
}

/** `"success"`, `"failure"` or `"excluded"`: a call has ended. */
export interface OutcomeEvent extends BreakerEvent {
  /** What the call was. */
  readonly type: Outcome
  /** Milliseconds the call took; `undefined` when it began before anybody listened. */
  readonly duration: number | undefined
  /** What the call rejected with; `undefined` when it fulfilled. */
  readonly error: unknown
  /** `false` for a call that began in an earlier state, or that only shadow mode let through. */
  readonly counted: boolean
}

/** `"rejected"`: a call was not admitted. */
export interface RejectedEvent extends BreakerEvent {
  /** Of this interface. */
  readonly type: "rejected"
  /** What the caller got; in shadow mode, what it would have got. */
  readonly error: CircuitBreakerError
}

/** `"storeerror"`: the store failed, and the breaker goes on by its local state. Once, until it works again; again as long as nobody listens. */
export interface StoreErrorEvent extends BreakerEvent {
  /** Of this interface. */
  readonly type: "storeerror"
  /** What went wrong. */
  readonly error: unknown
}

/** The events of a breaker, by type. */
export interface BreakerEventMap {
  /** After each change of state. */
  statechange: StateChangeEvent
  /** After each call that was a success. */
  success: OutcomeEvent
  /** After each call that was a failure. */
  failure: OutcomeEvent
  /** After each call that was neither. */
  excluded: OutcomeEvent
  /** For each call that was not admitted. */
  rejected: RejectedEvent
  /** When the store fails, once until it works again. */
  storeerror: StoreErrorEvent
}

const OUTCOMES = ["success", "failure", "excluded"]

/** A listener: a function, or an object with `handleEvent`. */
export type BreakerListener<E extends Event> = ((event: E) => void) | { handleEvent(event: E): void }

/** What `addEventListener` takes, by its shape: the types of a Worker have another name for it. */
export interface ListenerOptions {
  /** Told apart from the same listener without it when it is removed. */
  capture?: boolean
  /** Hears of one event only. */
  once?: boolean
  /** Of no use here. */
  passive?: boolean
  /** Removes the listener when it is aborted. */
  signal?: AbortSignal
}

/**
 * An `EventTarget` whose listeners cannot hurt: what one throws is reported, on Node too, where it
 * would otherwise end the process.
 */
export class Listeners {
  /** Whether somebody has ever wanted to hear of each call. */
  outcomes = false
  readonly #target = new EventTarget()
  readonly #guarded = new WeakMap<object, (event: Event) => void>()
  readonly #breaker: string
  #events: BreakerEvent[] | undefined
  #announcing = false

  constructor(breaker: string) {
    this.#breaker = breaker
  }

  add(type: string, listener: BreakerListener<never>, options?: ListenerOptions | boolean): void {
    // What is no listener is for the platform to ignore or to refuse.
    if (Object(listener) !== listener) return this.#target.addEventListener(type, listener as never, options)
    if (OUTCOMES.includes(type)) this.outcomes = true
    let guarded = this.#guarded.get(listener)
    if (!guarded) {
      // An async function, since the listener may be one: what it rejects with would end a process.
      guarded = async (event) => {
        try {
          await (typeof listener === "function" ? listener(event as never) : listener.handleEvent(event as never))
        } catch (error) {
          report(error)
        }
      }
      this.#guarded.set(listener, guarded)
    }
    this.#target.addEventListener(type, guarded, options)
  }

  remove(type: string, listener: BreakerListener<never>, options?: ListenerOptions | boolean): void {
    this.#target.removeEventListener(type, this.#guarded.get(listener) ?? null, options)
  }

  queue(type: keyof BreakerEventMap, fields: object): void {
    this.#events ??= []
    this.#events.push(new BreakerEvent(type, { breaker: this.#breaker, ...fields }))
  }

  /**
   * Dispatches what was queued. Called when the state machine is done, so that a listener which calls
   * back into the breaker finds it whole; what that queues is dispatched by the loop that is running
   * already, in order.
   */
  announce(): void {
    const events = this.#events
    if (!events || this.#announcing) return
    this.#announcing = true
    for (const event of events) this.#target.dispatchEvent(event)
    this.#announcing = false
    this.#events = undefined
  }
}
