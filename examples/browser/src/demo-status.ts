/**
 * What the page and the server behind it tell each other, as JSON.
 *
 * @module
 */
import type { State } from "webbreaker"
import type { Mode } from "../../origin/modes.ts"

export type { Mode, State }

/** The clients whose requests the origin counts apart. */
export type Lane = "breaker" | "bare" | "worker"

/** What a tab tells about itself. */
export interface TabReport {
  readonly id: string
  readonly state: State
  /** Calls it made in all. */
  readonly sent: number
}

export interface Isolate {
  readonly name: string
  readonly state: State
  /** Milliseconds to the next probe. */
  readonly retryAfter: number
}

/** What the Worker's answers were. */
export interface WorkerCalls {
  readonly sent: number
  readonly answered: number
  /** Copies of what the origin had said before. */
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
  /** Requests that came in at the origin. */
  readonly reached: Readonly<Record<Lane, number>>
  readonly tabs: readonly TabReport[]
  readonly worker: WorkerStatus
  /** What the tour is at; `null` while there is none. */
  readonly tour: string | null
}

/** Where the clients of the page find the origin. */
export interface DemoConfig {
  readonly api: string
  readonly bareApi: string
}
