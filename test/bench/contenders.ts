/**
 * The breakers that are measured: how to make one, call through it, open it for good, and free it.
 */
import * as cockatiel from "cockatiel"
import { CircuitBreaker, failureRate, type Settings } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"

type Request = () => Promise<unknown>

export interface Contender<B = any> {
  create(): B
  execute(breaker: B, request: Request): Promise<unknown>
  open(breaker: B): void
  dispose(breaker: B): void
}

const never = (): boolean => false
const forever = 2 ** 30

const items = new Map<string, string>()
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => void items.set(key, value),
}

const webbreaker = (settings?: Settings): Contender<CircuitBreaker> => ({
  create: () => new CircuitBreaker(settings),
  execute: (breaker, request) => breaker.execute(request),
  open: (breaker) => breaker.trip(),
  dispose: () => {},
})

const cockatielWith = (breaker: () => cockatiel.IBreaker): Contender<cockatiel.CircuitBreakerPolicy> => ({
  create: () =>
    cockatiel.circuitBreaker(cockatiel.handleAll, { halfOpenAfter: forever, breaker: breaker() }),
  execute: (policy, request) => policy.execute(request),
  open: (policy) => void policy.isolate(),
  dispose: () => {},
})

export const contenders: Readonly<Record<string, Contender>> = {
  "webbreaker, defaults": webbreaker(),
  // Its closed path should cost at most a tenth more than that without a store.
  "webbreaker, defaults, with localStorageStore": {
    ...webbreaker({ store: localStorageStore({ storage: storage as unknown as Storage }) }),
    dispose: () => items.clear(),
  },
  "webbreaker, never trips": webbreaker({ readyToTrip: never }),
  "webbreaker, 10 s window": webbreaker(failureRate({ threshold: 1, minimumRequests: 1e9, within: 10_000 })),
  "webbreaker, last 100 calls": webbreaker({ windowSize: 100, readyToTrip: never }),
  "webbreaker, last 10 000 calls": webbreaker({ windowSize: 10_000, readyToTrip: never }),
  "cockatiel, consecutive": cockatielWith(() => new cockatiel.ConsecutiveBreaker(1e9)),
  "cockatiel, count 100": cockatielWith(
    () => new cockatiel.CountBreaker({ threshold: 0.99, size: 100, minimumNumberOfCalls: 100 }),
  ),
  "cockatiel, sampling 10 s": cockatielWith(
    () => new cockatiel.SamplingBreaker({ threshold: 0.99, duration: 10_000 }),
  ),
}
