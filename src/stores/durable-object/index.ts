export { breakerObject, type BreakerObject, type BreakerObjectClass } from "./breaker-object.ts"
export { durableObjectStore, type DurableObjectSettings } from "./durable-object-store.ts"
export type { BreakerObjectSettings } from "./fleet-breaker.ts"
export type { BreakerNamespace, BreakerStub, ObjectContext, StubResponse } from "./platform.ts"
