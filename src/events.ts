/**
 * The events of a breaker, and the listeners that receive them.
 *
 * @module
 */
import type { Counts, Outcome, State } from "./core/counts.ts"
import type { CircuitBreakerError } from "./errors.ts"
import { runAndReport } from "./report.ts"

/** An event of a breaker. Its fields depend on its type. */
export interface BreakerEvent extends Event {
  /** Name of the breaker. */
  readonly breaker: string
}

/** `"statechange"`: the breaker has changed its state. */
export interface StateChangeEvent extends BreakerEvent {
  /** The type of this event. */
  readonly type: "statechange"
  /** The state before. */
  readonly from: State
  /** The state from here on. */
  readonly to: State
  /** The counts that led to the change. As in gobreaker, a failure that ends the half-open state is not in them. */
  readonly counts: Counts
  /** The error that opened the breaker, when there was one. */
  readonly error: unknown
}

/** `"success"`, `"failure"` or `"excluded"`: a call has ended. */
export interface OutcomeEvent extends BreakerEvent {
  /** How the call counts. */
  readonly type: Outcome
  /**
   * Milliseconds the call took; `undefined` when it was not measured, since the call began before there was a
   * listener.
   */
  readonly duration: number | undefined
  /** What the call rejected with; `undefined` when it fulfilled. */
  readonly error: unknown
  /** `false` for a call that began in an earlier state, or that went through only because of shadow mode. */
  readonly counted: boolean
}

/** `"rejected"`: a call was not admitted. */
export interface RejectedEvent extends BreakerEvent {
  /** The type of this event. */
  readonly type: "rejected"
  /** What the caller got; in shadow mode, what it would have got. */
  readonly error: CircuitBreakerError
}

/**
 * `"storeerror"`: the store failed, and the breaker goes on by its local state. Announced once until the
 * store works again, but repeated while it has had no listener.
 */
export interface StoreErrorEvent extends BreakerEvent {
  /** The type of this event. */
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

/** Options of `addEventListener`. Declared here, since the types of a Worker use another name for them. */
export interface ListenerOptions {
  /** A listener that was added with this option has to be removed with it. */
  capture?: boolean
  /** Removes the listener after its first event. */
  once?: boolean
  /** Has no effect here. */
  passive?: boolean
  /** Removes the listener when this signal is aborted. */
  signal?: AbortSignal
}

/**
 * An `EventTarget` whose listeners cannot do harm: an error that a listener throws is reported, also in Node,
 * where it would otherwise end the process.
 */
export class Listeners {
  /** Whether there was ever a listener for the outcomes of calls. */
  outcomes = false
  /** Whether there was ever a listener for `"storeerror"`. */
  storeErrors = false
  readonly #target = new EventTarget()
  readonly #guarded = new WeakMap<object, (event: Event) => void>()
  readonly #breaker: string
  readonly #events: Event[] = []
  #announcing = false

  constructor(breaker: string) {
    this.#breaker = breaker
  }

  add(type: string, listener: BreakerListener<never>, options?: ListenerOptions | boolean): void {
    // A value that is not a listener is left to the platform, which ignores or refuses it.
    if (Object(listener) !== listener) return this.#target.addEventListener(type, listener as never, options)
    if (OUTCOMES.includes(type)) this.outcomes = true
    if (type === "storeerror") this.storeErrors = true
    let guarded = this.#guarded.get(listener)
    if (!guarded) {
      guarded = (event) =>
        runAndReport(() => (typeof listener === "function" ? listener(event as never) : listener.handleEvent(event as never)))
      this.#guarded.set(listener, guarded)
    }
    this.#target.addEventListener(type, guarded, options)
  }

  remove(type: string, listener: BreakerListener<never>, options?: ListenerOptions | boolean): void {
    this.#target.removeEventListener(type, this.#guarded.get(listener) ?? null, options)
  }

  queue(type: keyof BreakerEventMap, fields: object): void {
    this.#events.push(Object.assign(new Event(type), { breaker: this.#breaker, ...fields }))
  }

  /**
   * Dispatches the queued events. Called after the state machine has finished its step, so that a listener
   * may call into the breaker. Events that such a listener causes are dispatched by the loop that is already
   * running, in order.
   */
  announce(): void {
    if (this.#announcing) return
    this.#announcing = true
    for (const event of this.#events) this.#target.dispatchEvent(event)
    this.#announcing = false
    this.#events.length = 0
  }
}
