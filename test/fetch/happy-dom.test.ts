// @vitest-environment happy-dom
/** The package in the tests of apps: in a simulated document, and with fake timers. */
import { afterEach, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, OpenStateError, wrapFetch } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"

afterEach(() => {
  vi.useRealTimers()
  localStorage.clear()
})

const lost = new TypeError("Failed to fetch")
const url = "https://api.example/items"

test("a failing call needs no timer to reject", async () => {
  vi.useFakeTimers()
  const safeFetch = wrapFetch(() => Promise.reject(lost), consecutiveFailures(2))
  for (let i = 0; i < 2; i++) await expect(safeFetch(url)).rejects.toBe(lost)
  await expect(safeFetch(url)).rejects.toBeInstanceOf(OpenStateError)
})

test("a relative URL belongs to the document's origin", async () => {
  const safeFetch = wrapFetch(async () => new Response("ok"))
  await safeFetch("/items")
  expect([...safeFetch.breakers].map(([key]) => key)).toEqual([location.origin])
})

test("calls that fail while the page is left are excluded", async () => {
  const safeFetch = wrapFetch(() => Promise.reject(lost), consecutiveFailures(1))
  dispatchEvent(new Event("pagehide"))
  await expect(safeFetch(url)).rejects.toBe(lost)
  dispatchEvent(new Event("pageshow"))
  expect(safeFetch.breakers.get("https://api.example")?.counts).toMatchObject({ totalExclusions: 1, totalFailures: 0 })
  await expect(safeFetch(url)).rejects.toBe(lost)
  await expect(safeFetch(url)).rejects.toBeInstanceOf(OpenStateError)
})

test("the verdict is stored for the next breaker", async () => {
  const settings = { name: "api", ...consecutiveFailures(1) }
  const before = new CircuitBreaker({ ...settings, store: localStorageStore() })
  await expect(before.execute(() => Promise.reject(lost))).rejects.toBe(lost)
  expect(localStorage.getItem("webbreaker:api")).toContain("open")
  const after = new CircuitBreaker({ ...settings, store: localStorageStore() })
  expect(after.state).toBe("open")
})

test("a page removes records that were unused for days, and nothing else", async () => {
  const START = 1_800_000_000_000
  const HOUR = 3_600_000
  vi.useFakeTimers({ toFake: ["Date"], now: START })
  const open = (name: string): void => new CircuitBreaker({ name, timeout: HOUR, store: localStorageStore() }).trip()
  open("old")
  localStorage.setItem("webbreaker:not json", "{")
  localStorage.setItem("webbreaker:null", "null")
  localStorage.setItem("other:old", localStorage.getItem("webbreaker:old")!)
  vi.setSystemTime(START + HOUR)
  open("young")
  vi.setSystemTime(START + 49 * HOUR)
  open("today")
  expect(Object.keys(localStorage)).toContain("webbreaker:old")
  vi.setSystemTime(START + 49 * HOUR + 1)
  open("now")
  const left = ["other:old", "webbreaker:not json", "webbreaker:now", "webbreaker:null", "webbreaker:today", "webbreaker:young"]
  expect(Object.keys(localStorage).sort()).toEqual(left)
  vi.useRealTimers()
})
