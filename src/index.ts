export { CircuitBreaker, type CallOptions, type Done, type Isolation } from "./breaker.ts"
export type { Counts, Outcome, State } from "./core/counts.ts"
export type { Evidence } from "./core/machine.ts"
export type { MachineSettings, OpenContext } from "./core/policy.ts"
export type { BreakerSnapshot } from "./core/snapshot.ts"
export type { Bucket } from "./core/window.ts"
export {
  CircuitBreakerError,
  findCircuitBreakerError,
  OpenStateError,
  TooManyRequestsError,
  type CircuitBreakerErrorCode,
  type Rejection,
} from "./errors.ts"
export { applyReport, type Applied, type Report, type Run, type SharedRecord, type Verdict } from "./core/shared.ts"
export type { Policy } from "./core/policy.ts"
export type { BreakerStore } from "./store.ts"
export { createStore } from "./stores/create-store.ts"
export { memoryStore } from "./stores/memory-store.ts"
export type { SharedStorage } from "./stores/shared-storage.ts"
export type {
  BreakerEvent,
  BreakerEventMap,
  BreakerListener,
  ListenerOptions,
  OutcomeEvent,
  RejectedEvent,
  StateChangeEvent,
  StoreErrorEvent,
} from "./events.ts"
export type { Clock, Mode, Settings } from "./settings.ts"
export {
  anyOf,
  consecutiveFailures,
  exponentialBackoff,
  failureRate,
  slowCallRate,
  type Backoff,
  type FailureRate,
  type Preset,
  type RateWindow,
  type SlowCallRate,
} from "./presets.ts"
export { BreakerRegistry } from "./fetch/registry.ts"
export type { RetryAfterSettings } from "./fetch/retry-after.ts"
export type { FetchSettings } from "./fetch/settings.ts"
export { wrapFetch, type BreakerFetch, type FetchLike } from "./fetch/wrap-fetch.ts"
