/**
 * A store that is none of ours may answer anything. A call that is refused a lease asks the breaker once
 * more, which should know better by then: it must not go on for ever when it does not.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { CircuitBreaker, createStore, type BreakerStore, type Verdict } from "../../src/index.ts"

// A loop of promises lets no timer through: only the store itself can stop it.
const ENDLESS = 50

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

class Endless extends Error {}

/** Makes one call of a half-open breaker, and says how it ended and how often the store was asked. */
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
  ["open, for less than none", { ...verdict, state: "open", retryAfter: -1 }],
  ["half-open, for less than none", { ...verdict, retryAfter: -1 }],
  ["half-open, for NaN", { ...verdict, retryAfter: NaN }],
  ["open, for NaN", { ...verdict, state: "open", retryAfter: NaN }],
  ["open, for a string", { ...verdict, state: "open", retryAfter: "soon" }],
  ["a state that there is none of", { ...verdict, state: "ajar" }],
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

test("who is refused a lease, and is half-open still, is told when it is worth asking again", async () => {
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
  // Who asked later is answered first, so the breaker heeds that answer alone.
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
