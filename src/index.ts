export { CircuitBreaker, type CallOptions, type Done, type Isolation } from "./breaker.ts"
export type { Counts, Outcome, State } from "./core/counts.ts"
export type { Evidence } from "./core/machine.ts"
export type { MachineSettings, OpenContext } from "./core/policy.ts"
export type { BreakerSnapshot } from "./core/snapshot.ts"
export {
  CircuitBreakerError,
  findCircuitBreakerError,
  OpenStateError,
  TooManyRequestsError,
  type CircuitBreakerErrorCode,
  type Rejection,
} from "./errors.ts"
export type { BreakerEvent, BreakerEventMap, BreakerListener, OutcomeEvent, RejectedEvent, StateChangeEvent } from "./events.ts"
export type { Clock, Mode, Settings } from "./settings.ts"
