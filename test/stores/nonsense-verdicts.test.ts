/**
 * A custom store may answer anything. A call that is refused a lease asks the breaker once more, which should
 * have another state by then. If it does not, the call must not ask for ever.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { CircuitBreaker, createStore, type BreakerStore, type Verdict } from "../../src/index.ts"

// An endless loop of promises lets no timer run, so the store itself has to stop it.
const ENDLESS = 50

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

class Endless extends Error {}

/** Makes one call through a half-open breaker. Returns its result, and how often the store was asked. */
async function halfOpenCall(storeOf: (count: () => void) => BreakerStore): Promise<{ asked: number; result: string }> {
  let asked = 0
  const store = storeOf(() => {
    if (++asked >= ENDLESS) throw new Endless()
  })
  const breaker = new CircuitBreaker({ timeout: 10_000, store })
  breaker.trip()
  await vi.advanceTimersByTimeAsync(10_001)
  asked = 0
  expect(breaker.state).toBe("half-open")
  const call = breaker.execute(() => "made").catch((error) => error.code ?? error.name)
  await vi.advanceTimersByTimeAsync(1_000)
  return { asked, result: await call }
}

const verdict = { state: "half-open", retryAfter: 0, opens: 1, openFor: 10_000 } as const
const verdicts: [string, object][] = [
  ["half-open, and no lease", verdict],
  ["closed, and no lease", { ...verdict, state: "closed" }],
  ["open, for no time", { ...verdict, state: "open" }],
  ["open, for a negative time", { ...verdict, state: "open", retryAfter: -1 }],
  ["half-open, for a negative time", { ...verdict, retryAfter: -1 }],
  ["half-open, for NaN", { ...verdict, retryAfter: NaN }],
  ["open, for NaN", { ...verdict, state: "open", retryAfter: NaN }],
  ["open, for a string", { ...verdict, state: "open", retryAfter: "soon" }],
  ["an unknown state", { ...verdict, state: "ajar" }],
  ["no state", {}],
]

test.each(verdicts)("a call ends though the store says: %s", async (_, answer) => {
  const { asked, result } = await halfOpenCall((count) =>
    createStore({
      exchange(_name, _policy, report) {
        if (!report.acquire) return { ...verdict, state: "open", retryAfter: 10_000 }
        count()
        return answer as Verdict
      },
    }),
  )
  expect({ asked, result }).toEqual({ asked: expect.toSatisfy((times: number) => times < ENDLESS), result: expect.stringMatching(/^made$|^ERR_/) })
})

test("a call that is refused a lease while the breaker is still half-open gets the time to wait", async () => {
  const answers: ((answer: Verdict) => void)[] = []
  const store = createStore({
    exchange: (_name, _policy, { acquire }) =>
      acquire ? new Promise((answer) => answers.push(answer)) : { ...verdict, state: "open", retryAfter: 10_000 },
  })
  const breaker = new CircuitBreaker({ timeout: 10_000, maxRequests: 2, store })
  breaker.trip()
  await vi.advanceTimersByTimeAsync(10_001)
  const refused = breaker.execute(() => "made").catch((error) => error)
  void breaker.execute(() => new Promise(() => {}))
  // The later request is answered first, so the breaker uses only that answer.
  answers[1]!({ ...verdict, lease: "1" })
  await vi.advanceTimersByTimeAsync(0)
  answers[0]!(verdict)
  expect(await refused).toMatchObject({ code: "ERR_TOO_MANY_REQUESTS", state: "half-open", retryAfter: 1_000 })
  expect([answers.length, breaker.state]).toEqual([2, "half-open"])
})

test.each([NaN, Infinity, undefined, "soon"])("a breaker recovers though the store says that it is open for %s", async (retryAfter) => {
  const answer = { ...verdict, state: "open", retryAfter } as Verdict
  const breaker = new CircuitBreaker({ timeout: 10_000, store: createStore({ exchange: () => answer }) })
  await breaker.execute(() => Promise.reject(new Error("down"))).catch(() => {})
  await vi.advanceTimersByTimeAsync(100_000_000)
  expect(breaker.state).not.toBe("open")
})
