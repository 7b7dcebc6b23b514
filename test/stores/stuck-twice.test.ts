/** Two tabs, one of which gets stuck in two half-open calls in a row. */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { CircuitBreaker } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"
import { fakeLocks } from "./fake-locks.ts"
import { FakeStorage } from "./fake-storage.ts"

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal("navigator", { locks: fakeLocks() })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test("a tab that was elected while the stuck one made another call goes on when that is stuck too", async () => {
  const storage = new FakeStorage()
  const tab = (): CircuitBreaker => new CircuitBreaker({ name: "x", timeout: 100, store: localStorageStore({ storage }) })
  const stuck = tab()
  const hang = (): Promise<never> => new Promise(() => {})
  stuck.trip()
  // A new page reads the record.
  const other = tab()
  await vi.advanceTimersByTimeAsync(101)
  void stuck.execute(hang)
  await vi.advanceTimersByTimeAsync(1_000)
  // The other tab stands for election before the stuck one gets its next lease, and is elected after that.
  const refused = other.execute(() => 1).catch(({ code }) => code)
  void stuck.execute(hang).catch(() => {})
  expect(await refused).toBe("ERR_OPEN_STATE")
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await other.execute(() => 1)).toBe(1)
  expect(other.state).toBe("closed")
})
