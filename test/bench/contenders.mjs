// The breakers that are measured: how to make one, call through it, open it for good, and free it.
import * as cockatiel from "cockatiel"
import Opossum from "opossum"
import { CircuitBreaker, failureRate } from "../../dist/index.js"
import { localStorageStore } from "../../dist/stores/local-storage/index.js"

const never = () => false
const forever = 2 ** 30

const items = new Map()
const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) }

const webbreaker = (settings) => ({
  create: () => new CircuitBreaker(settings),
  execute: (breaker, call) => breaker.execute(call),
  open: (breaker) => breaker.trip(),
  dispose: () => {},
})

const cockatielWith = (makeBreaker) => ({
  create: () =>
    cockatiel.circuitBreaker(cockatiel.handleAll, { halfOpenAfter: forever, breaker: makeBreaker() }),
  execute: (breaker, call) => breaker.execute(call),
  open: (breaker) => void breaker.isolate(),
  dispose: () => {},
})

const opossum = (options) => ({
  create: () =>
    new Opossum((call) => call(), { errorThresholdPercentage: 100, volumeThreshold: 1e9, ...options }),
  execute: (breaker, call) => breaker.fire(call),
  open: (breaker) => breaker.open(),
  dispose: (breaker) => breaker.shutdown(),
})

export const contenders = {
  "webbreaker, defaults": webbreaker(),
  // Its closed path is to be within a tenth of that without.
  "webbreaker, defaults, with localStorageStore": {
    ...webbreaker({ store: localStorageStore({ storage }) }),
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
  "opossum, lean": opossum({ timeout: false, rollingPercentilesEnabled: false, enableSnapshots: false }),
  "opossum, defaults": opossum(),
}
