import { afterEach, expect, test, vi } from "vitest"
import { CircuitBreaker } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"
import { fakeLocks } from "./fake-locks.ts"
import { FakeStorage } from "./fake-storage.ts"

afterEach(() => vi.unstubAllGlobals())

test("a tab whose probe succeeded makes the next one at once", async () => {
  vi.stubGlobal("navigator", { locks: fakeLocks() })
  const store = localStorageStore({ storage: new FakeStorage() as unknown as Storage })
  const breaker = new CircuitBreaker({ name: "in a row", maxRequests: 3, timeout: 20, store })
  breaker.trip()
  await expect.poll(() => breaker.state, { interval: 5 }).toBe("half-open")
  for (let i = 0; i < 3; i++) await breaker.execute(async () => "answered")
  expect(breaker.state).toBe("closed")
})
