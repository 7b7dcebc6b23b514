import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import { CircuitBreaker } from "../../src/index.ts"
import { watchListeners } from "../signals/watch-listeners.ts"
import { boom } from "./calls.ts"

/** A long-lived signal, and its listeners. */
function watched(): { readonly signal: AbortSignal; readonly listeners: ReadonlySet<unknown> } {
  const { signal } = new AbortController()
  return { signal, listeners: watchListeners(signal) }
}

function collectGarbage(): void {
  setFlagsFromString("--expose-gc")
  ;(runInNewContext("gc") as () => void)()
}

test.each([
  ["that fulfil", undefined, async () => "fine"],
  ["that fulfil in time", 60_000, async () => "fine"],
  ["that reject", undefined, () => Promise.reject(boom)],
  ["that reject in time", 60_000, () => Promise.reject(boom)],
  [
    "that throw",
    undefined,
    () => {
      throw boom
    },
  ],
  [
    "that throw in time",
    60_000,
    () => {
      throw boom
    },
  ],
])(
  "execute() leaves no listener on a signal after 10,000 calls %s #53",
  async (_, callTimeout, request) => {
    const { signal, listeners } = watched()
    const breaker = new CircuitBreaker({ readyToTrip: () => false, callTimeout })
    for (let i = 0; i < 10_000; i++) await breaker.execute(request, { signal }).catch(() => {})
    expect(breaker.counts.requests).toBe(10_000)
    expect(listeners.size).toBe(0)
  },
)

test("execute() leaves no listener on a signal for calls that timed out #53", async () => {
  const { signal, listeners } = watched()
  const breaker = new CircuitBreaker({ readyToTrip: () => false, callTimeout: 1 })
  const calls = Array.from({ length: 100 }, () =>
    breaker.execute(() => new Promise(() => {}), { signal }),
  )
  await Promise.allSettled(calls)
  expect(breaker.counts.totalFailures).toBe(100)
  expect(listeners.size).toBe(0)
})

test("execute() leaves no listener on a signal for calls that it rejects #53", async () => {
  const { signal, listeners } = watched()
  const breaker = new CircuitBreaker()
  breaker.trip()
  for (let i = 0; i < 1_000; i++) await breaker.execute(() => 1, { signal }).catch(() => {})
  expect(listeners.size).toBe(0)
})

test("execute() keeps a listener for a Response only while its body lives #53", async () => {
  const { signal, listeners } = watched()
  const breaker = new CircuitBreaker({ callTimeout: 60_000 })
  for (let i = 0; i < 1_000; i++) {
    const response = await breaker.execute(() => new Response("body"), { signal })
    await response.text()
  }
  for (let i = 0; i < 100 && listeners.size > 0; i++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(listeners.size).toBe(0)
})

test("execute() keeps no Response for a signal that other calls still follow #53", async () => {
  const { signal, listeners } = watched()
  const breaker = new CircuitBreaker({ callTimeout: 60_000 })
  const one = async (): Promise<WeakRef<object>> => new WeakRef(await breaker.execute(() => new Response("body"), { signal }))
  const responses: WeakRef<object>[] = []
  for (let i = 0; i < 10; i++) responses.push(await one())
  void breaker.execute(() => new Promise(() => {}), { signal, callTimeout: 0 })
  const kept = (): number => responses.filter((response) => response.deref()).length
  for (let i = 0; i < 100 && kept() > 0; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
  }
  expect(kept()).toBe(0)
  expect(listeners.size).toBe(1)
})

test("a hundred calls under way share one listener, since Node warns of more than ten #53", async () => {
  const { signal, listeners } = watched()
  const breaker = new CircuitBreaker()
  let end = (): void => {}
  const until = new Promise<void>((resolve) => (end = resolve))
  const calls = Array.from({ length: 100 }, (_, i) =>
    breaker.execute(() => until, { signal, ...(i % 2 && { callTimeout: 60_000 }) }),
  )
  expect(listeners.size).toBe(1)
  end()
  await Promise.all(calls)
  expect(listeners.size).toBe(0)
})

test("an abort ends all calls that share the signal, and later calls with it #53", async () => {
  const controller = new AbortController()
  const { signal } = controller
  const breaker = new CircuitBreaker()
  const calls = Array.from({ length: 20 }, () => breaker.execute(() => new Promise(() => {}), { signal }))
  controller.abort("enough")
  for (const call of calls) await expect(call).rejects.toBe("enough")
  await expect(breaker.execute(() => 1, { signal })).rejects.toBe("enough")
  expect(breaker.counts).toMatchObject({ totalExclusions: 20, totalFailures: 0 })
})
