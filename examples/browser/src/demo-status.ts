/**
 * The JSON messages between the page and the server behind it.
 *
 * @module
 */
import type { State } from "webbreaker"
import type { Mode } from "../../origin/modes.ts"

export type { Mode, State }

/** The clients. The origin counts the requests of each separately. */
export type Lane = "breaker" | "bare" | "worker"

/** The report of a tab about itself. */
export interface TabReport {
  readonly id: string
  readonly state: State
  /** All calls that the tab made. */
  readonly sent: number
}

export interface Isolate {
  readonly name: string
  readonly state: State
  /** Milliseconds to the next probe. */
  readonly retryAfter: number
}

/** The Worker's answers, counted by kind. */
export interface WorkerCalls {
  readonly sent: number
  readonly answered: number
  /** Copies of earlier responses of the origin. */
  readonly stale: number
  readonly rejected: number
  readonly failed: number
}

export type WorkerStatus =
  | { readonly kind: "starting" }
  | { readonly kind: "missing"; readonly reason: string }
  | { readonly kind: "running"; readonly isolates: readonly Isolate[]; readonly calls: WorkerCalls }

export interface DemoStatus {
  readonly mode: Mode
  /** Requests that reached the origin. */
  readonly reached: Readonly<Record<Lane, number>>
  readonly tabs: readonly TabReport[]
  readonly worker: WorkerStatus
  /** The current step of the tour; `null` while no tour runs. */
  readonly tour: string | null
}

/** The addresses at which the clients of the page call the origin. */
export interface DemoConfig {
  readonly api: string
  readonly bareApi: string
}
