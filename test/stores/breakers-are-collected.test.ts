import { execFileSync } from "node:child_process"
import { expect, test } from "vitest"
import { bundle } from "../runtimes/bundle.ts"

// Garbage collection can only be requested in a process with `--expose-gc`. The program imitates the listeners
// of a page, which last as long as the process.
const program = `
  import { CircuitBreaker } from "./src/index.ts"
  import { localStorageStore } from "./src/stores/local-storage/index.ts"
  const page = new EventTarget()
  globalThis.addEventListener = page.addEventListener.bind(page)
  const items = new Map()
  const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) }
  const store = localStorageStore({ storage })
  const kept = new CircuitBreaker({ name: "kept", store })
  const dropped = []
  const gone = () => dropped.filter((ref) => ref.deref() === undefined).length
  for (let i = 0; i < 1000; i++) {
    const breaker = new CircuitBreaker({ name: "dropped " + i, store })
    dropped.push(new WeakRef(breaker))
    await breaker.execute(async () => 1)
    await breaker.execute(() => Promise.reject(new Error("down"))).catch(() => {})
  }
  // To look at one of them would keep it for the rest of the job, so none is looked at until the end.
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    gc()
  }
  const other = new CircuitBreaker({ name: "kept", store: localStorageStore({ storage }) })
  other.trip()
  page.dispatchEvent(Object.assign(new Event("storage"), { key: "webbreaker:kept" }))
  console.log(JSON.stringify({ gone: gone(), kept: kept.state }))
`

// The feed of a database, for example, is read in an `async` function that never ends.
const endless = `
  import { CircuitBreaker, createStore } from "./src/index.ts"
  const feeds = []
  const store = createStore({
    exchange: () => ({ state: "closed", retryAfter: 0, opens: 0 }),
    async watch(name, policy, changed) {
      const weak = new WeakRef(changed)
      changed = undefined
      for (;;) {
        const verdict = await new Promise((resolve) => feeds.push(resolve))
        weak.deref()?.(verdict)
      }
    },
  })
  const dropped = []
  for (let i = 0; i < 100; i++) dropped.push(new WeakRef(new CircuitBreaker({ store })))
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    gc()
  }
  console.log(JSON.stringify({ feeds: feeds.length, gone: dropped.filter((ref) => ref.deref() === undefined).length }))
`

const forgotten = `
  import { CircuitBreaker, consecutiveFailures } from "./src/index.ts"
  import { localStorageStore } from "./src/stores/local-storage/index.ts"
  const page = new EventTarget()
  let listeners = 0
  globalThis.addEventListener = (...args) => (listeners++, page.addEventListener(...args))
  globalThis.removeEventListener = (...args) => (listeners--, page.removeEventListener(...args))
  const items = new Map()
  const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) }
  const store = localStorageStore({ storage })
  const pause = () => new Promise((resolve) => setTimeout(resolve, 10))
  const heap = async () => {
    items.clear()
    for (let round = 0; round < 5; round++) {
      await pause()
      gc()
    }
    return process.memoryUsage().heapUsed
  }
  // Opens breakers, and makes them half-open if the timeout is short.
  const use = async (names, timeout) => {
    const breakers = names.map((name) => new CircuitBreaker({ name, store, timeout, ...consecutiveFailures(1) }))
    const fail = () => Promise.reject(new Error("down"))
    await Promise.all(breakers.map((breaker) => breaker.execute(fail).catch(() => {})))
    await pause()
    await Promise.all(breakers.map((breaker) => breaker.execute(async () => 1).catch(() => {})))
  }
  // Names that are longer than all else, so that it shows if they are kept.
  const names = (prefix, count) => Array.from({ length: count }, (_, i) => prefix + i + "-".repeat(20_000))
  const growth = []
  for (const timeout of [60_000, 1]) {
    await use(names("warm-up " + timeout, 300), timeout)
    const before = await heap()
    await use(names("dropped " + timeout, 300), timeout)
    // In bytes for each name.
    growth.push(((await heap()) - before) / 300)
  }
  for (let i = 0; i < 5; i++) new CircuitBreaker({ store: localStorageStore({ storage }) })
  await heap()
  page.dispatchEvent(Object.assign(new Event("storage"), { key: "other" }))
  console.log(JSON.stringify({ growth, listeners }))
`

test("a watch() that never ends, and holds its function weakly, lets unused breakers be garbage-collected", async () => {
  const { feeds, gone } = await collected(endless)
  expect(feeds).toBe(100)
  expect(gone).toBeGreaterThanOrEqual(99)
})

test("localStorageStore() lets 1 000 unused breakers be garbage-collected, and keeps the one in use", async () => {
  const { gone, kept } = await collected(program)
  // The last breaker may still be on the stack.
  expect(gone).toBeGreaterThanOrEqual(999)
  expect(kept).toBe("open")
})

test("localStorageStore() forgets the names of breakers, and the listeners of stores, that are no longer used", async () => {
  const { growth, listeners } = await collected(forgotten)
  for (const bytes of growth as number[]) expect(bytes).toBeLessThan(10_000)
  // Those of the store that is in use.
  expect(listeners).toBe(2)
})

async function collected(source: string): Promise<Record<string, unknown>> {
  const args = ["--expose-gc", "--input-type=module", "--eval", await bundle(source)]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }))
}
