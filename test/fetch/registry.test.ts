import { afterEach, describe, expect, test, vi } from "vitest"
import { wrapFetch, type BreakerFetch, type FetchSettings } from "../../src/index.ts"
import { unhandledRejections } from "../breaker/unhandled-rejections.ts"

afterEach(() => void vi.useRealTimers())

const boom = new Error("boom")
const answer = (status: number) => async (): Promise<Response> => new Response(null, { status })
const url = (host: string): string => `https://${host}.example/`
const hangingAt = (host: string) => (input: unknown): Promise<Response> =>
  String(input) === url(host) ? new Promise(() => {}) : answer(200)()
const origin = (host: string): string => `https://${host}.example`
const keys = (safeFetch: BreakerFetch): string[] => [...safeFetch.breakers].map(([key]) => key)

async function callAll(safeFetch: BreakerFetch, ...hosts: string[]): Promise<void> {
  for (const host of hosts) await safeFetch(url(host))
}

const wrap = (settings: FetchSettings, fetch: () => Promise<Response> = answer(200)): BreakerFetch =>
  wrapFetch(fetch, settings)

describe("BreakerRegistry", () => {
  test("has a breaker for each origin, from its first call on", async () => {
    const safeFetch = wrap({})
    expect(safeFetch.breakers.size).toBe(0)
    await callAll(safeFetch, "a", "b", "a")
    expect(safeFetch.breakers.size).toBe(2)
    expect(safeFetch.breakers.has(origin("a"))).toBe(true)
    expect(safeFetch.breakers.get(origin("a"))?.counts.totalSuccesses).toBe(2)
    expect(safeFetch.breakers.get(origin("c"))).toBeUndefined()
  })

  test("drops the least recently used breaker when it is full", async () => {
    const safeFetch = wrap({ maxBreakers: 2 })
    await callAll(safeFetch, "a", "b", "a", "c")
    expect(keys(safeFetch)).toEqual([origin("a"), origin("c")])
  })

  test("keeps an open breaker while a closed one is idle", async () => {
    const safeFetch = wrap({ maxBreakers: 2 })
    await callAll(safeFetch, "a", "b")
    safeFetch.breakers.get(origin("a"))?.trip()
    await callAll(safeFetch, "c")
    expect(keys(safeFetch)).toEqual([origin("a"), origin("c")])
  })

  test("keeps an open breaker of a snapshot that has more breakers than there is room for", async () => {
    const before = wrap({})
    await callAll(before, "a", "b", "c", "d")
    before.breakers.get(origin("a"))?.trip()
    const after = wrap({ maxBreakers: 2, snapshot: before.breakers.snapshot() })
    expect([...after.breakers].map(([key, { state }]) => [key, state])).toEqual([
      [origin("a"), "open"],
      [origin("d"), "closed"],
    ])
  })

  test("keeps a busy breaker while another is idle", async () => {
    let release!: (response: Response) => void
    const busy = new Promise<Response>((resolve) => (release = resolve))
    const safeFetch = wrapFetch(
      async (input) => (String(input) === url("a") ? busy : new Response()),
      { maxBreakers: 2 },
    )
    const call = safeFetch(url("a"))
    await callAll(safeFetch, "b", "c")
    expect(keys(safeFetch)).toEqual([origin("a"), origin("c")])
    release(new Response())
    await call
    await callAll(safeFetch, "d")
    expect(keys(safeFetch)).toEqual([origin("c"), origin("d")])
  })

  test("keeps an open breaker while a closed one is busy", async () => {
    const safeFetch = wrapFetch(hangingAt("b"), { maxBreakers: 2 })
    await callAll(safeFetch, "a")
    safeFetch.breakers.get(origin("a"))?.trip()
    void safeFetch(url("b"))
    await callAll(safeFetch, "c")
    expect(keys(safeFetch)).toEqual([origin("a"), origin("c")])
  })

  test("keeps a half-open breaker while a closed one is idle", async () => {
    let now = 0
    const safeFetch = wrap({ maxBreakers: 2, clock: { now: () => now } })
    await callAll(safeFetch, "a", "b")
    safeFetch.breakers.get(origin("a"))?.trip()
    now += 60_001
    await callAll(safeFetch, "c")
    expect(keys(safeFetch)).toEqual([origin("a"), origin("c")])
  })

  test("drops breakers that have long been half-open before those in use", async () => {
    vi.useFakeTimers({ toFake: ["performance"] })
    const safeFetch = wrapFetch(hangingAt("b"), { maxBreakers: 2 })
    await callAll(safeFetch, "a")
    safeFetch.breakers.get(origin("a"))?.trip()
    vi.advanceTimersByTime(86_400_000)
    void safeFetch(url("b"))
    await callAll(safeFetch, "c")
    expect(keys(safeFetch)).toEqual([origin("b"), origin("c")])
  })

  test("takes a breaker to be idle minutes after its last call began, since that may never end", async () => {
    vi.useFakeTimers({ toFake: ["performance"] })
    const safeFetch = wrapFetch(hangingAt("a"), { maxBreakers: 2 })
    void safeFetch(url("a"))
    await callAll(safeFetch, "b")
    vi.advanceTimersByTime(299_999)
    await callAll(safeFetch, "c")
    expect(keys(safeFetch)).toEqual([origin("a"), origin("c")])
    vi.advanceTimersByTime(1)
    await callAll(safeFetch, "d")
    expect(keys(safeFetch)).toEqual([origin("c"), origin("d")])
  })

  test("drops the least recently used breaker even if all are open, to stay within its bound", async () => {
    const safeFetch = wrap({ maxBreakers: 2 })
    await callAll(safeFetch, "a", "b")
    for (const [, breaker] of safeFetch.breakers) breaker.trip()
    await callAll(safeFetch, "c")
    expect(keys(safeFetch)).toEqual([origin("b"), origin("c")])
  })

  test.each([["a further key", "log"], ["the same key", "new"]])(
    "stays within its bound when a listener, told of a state while it makes room, calls for %s",
    async (_, host) => {
      let now = 0
      const made: string[] = []
      const safeFetch = wrap({
        maxBreakers: 2,
        clock: { now: () => now },
        onBreaker: (_, key) => void made.push(key),
        onStateChange: (_, __, to) => void (to === "half-open" && safeFetch(url(host))),
      })
      await callAll(safeFetch, "a", "b")
      for (const [, breaker] of safeFetch.breakers) breaker.trip()
      now = 60_001
      await callAll(safeFetch, "new")
      expect(safeFetch.breakers.size).toBeLessThanOrEqual(2)
      expect(safeFetch.breakers.has(origin("new"))).toBe(true)
      expect(made).toEqual([...new Set(made)])
    },
  )

  test("stays within its bound when perKey calls for a further key", async () => {
    const safeFetch = wrap({
      maxBreakers: 2,
      perKey: (key) => {
        if (key !== origin("log")) void safeFetch(url("log"))
        return {}
      },
    })
    await callAll(safeFetch, "a", "b", "c")
    expect(safeFetch.breakers.size).toBe(2)
  })

  test("yields each breaker once, even if calls are made during the iteration", async () => {
    const safeFetch = wrap({})
    await callAll(safeFetch, "a", "b")
    const seen: string[] = []
    for (const [key] of safeFetch.breakers) if (seen.push(key) < 9) await safeFetch(key)
    expect(seen).toEqual([origin("a"), origin("b")])
  })

  test("has a snapshot that is plain JSON, from which another registry goes on", async () => {
    const safeFetch = wrap({ timeout: 5_000 }, answer(503))
    for (let i = 0; i < 6; i++) await safeFetch(url("a"))
    const snapshot: unknown = JSON.parse(JSON.stringify(safeFetch.breakers.snapshot()))
    expect(snapshot).toMatchObject({ [origin("a")]: { state: "open" } })
    const later = wrap({ snapshot })
    await expect(later(url("a"))).rejects.toMatchObject({ code: "ERR_OPEN_STATE", breaker: origin("a") })
    await expect(later(url("b"))).resolves.toHaveProperty("status", 200)
  })
})

describe("onBreaker()", () => {
  afterEach(() => void vi.restoreAllMocks())

  test("gets each breaker once, before its first call, so that listeners hear of all", async () => {
    const heard: string[] = []
    const safeFetch = wrap({
      onBreaker: (breaker, key) => {
        heard.push(`${key} has made ${breaker.counts.requests} calls`)
        breaker.addEventListener("success", () => heard.push(`${key} succeeded`))
      },
    })
    await callAll(safeFetch, "a", "b", "a")
    const [a, b] = [origin("a"), origin("b")]
    expect(heard).toEqual([`${a} has made 0 calls`, `${a} succeeded`, `${b} has made 0 calls`, `${b} succeeded`, `${a} succeeded`])
  })

  test("gets the breakers of a snapshot, and no breaker twice", async () => {
    const before = wrap({})
    await callAll(before, "a", "b")
    before.breakers.get(origin("a"))?.trip()
    const made: unknown[] = []
    const after = wrap({ snapshot: before.breakers.snapshot(), onBreaker: ({ state }, key) => made.push([key, state]) })
    expect(made).toEqual([[origin("a"), "open"], [origin("b"), "closed"]])
    await callAll(after, "b", "c")
    expect(made.slice(2)).toEqual([[origin("c"), "closed"]])
  })

  test("may make calls, also to the origin of the breaker it gets", async () => {
    const made: string[] = []
    const safeFetch: BreakerFetch = wrap({
      onBreaker: (_, key) => {
        made.push(key)
        void callAll(safeFetch, "metrics")
      },
    })
    await callAll(safeFetch, "a", "b")
    expect(made).toEqual([origin("a"), origin("metrics"), origin("b")])
  })

  test.each([1, 2, 5])("keeps to maxBreakers of %i when it makes calls", async (maxBreakers) => {
    const safeFetch: BreakerFetch = wrap({
      maxBreakers,
      onBreaker: (_, key) => {
        if (key !== origin("metrics")) void callAll(safeFetch, "metrics")
      },
    })
    await callAll(safeFetch, ..."abcdefgh")
    expect(safeFetch.breakers.size).toBe(maxBreakers)
  })

  test.each<[string, () => void]>([
    ["throws", () => {
      throw boom
    }],
    ["rejects", (() => Promise.reject(boom)) as () => void],
  ])("is reported when it %s, and breaks no call", async (_, onBreaker) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const safeFetch = wrap({ onBreaker })
    expect(await unhandledRejections(() => callAll(safeFetch, "a"))).toEqual([])
    expect(safeFetch.breakers.get(origin("a"))?.counts.totalSuccesses).toBe(1)
    expect(error.mock.calls).toEqual([[boom]])
  })
})

describe("wrapFetch()", () => {
  test.each([
    ["key", "x"],
    ["perKey", 1],
    ["maxBreakers", 0],
    ["maxBreakers", 1.5],
    ["rejectWith", "throw"],
    ["fallback", true],
    ["onBreaker", {}],
    ["retryAfter", true],
    ["retryAfter", null],
    ["settleOn", "end"],
    ["timeout", -1],
    ["callTimeout", 2 ** 31],
    ["mode", "off"],
  ])("refuses a wrong %s (%j) before the first call, and names it #19", (name, value) => {
    const call = (): unknown => wrap({ [name]: value } as FetchSettings)
    expect(call).toThrow(name)
    expect(call).toThrow(String(value))
    expect(call).toThrow(typeof value === "number" ? RangeError : TypeError)
  })

  test.each([
    [{ max: -1 }, "retryAfter.max must be a number from 0: got -1"],
    [{ jitter: 2 }, "retryAfter.jitter must be a number from 0 to 1: got 2"],
  ])("names the wrong setting within retryAfter: %j", (retryAfter, message) => {
    expect(() => wrap({ retryAfter })).toThrow(expect.objectContaining({ message }))
  })

  test("refuses a fetch that is not a function", () => {
    expect(() => wrapFetch("fetch" as never)).toThrow(/fetch must be a function: got fetch/)
  })
})
