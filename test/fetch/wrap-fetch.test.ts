/** How a wrapped fetch treats the answers of callbacks and of the fetch that it wraps. */
import { getEventListeners } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { consecutiveFailures, wrapFetch, type BreakerFetch, type FetchLike, type FetchSettings, type Settings } from "../../src/index.ts"
import { unhandledRejections } from "../breaker/unhandled-rejections.ts"

const URL_ = "https://api.example/"
const ORIGIN = "https://api.example"
const boom = new TypeError("boom")

const wrap = (settings: FetchSettings, fetch: FetchLike): BreakerFetch =>
  wrapFetch(fetch, { ...consecutiveFailures(1), ...settings })
const answer = (status: number) => async (): Promise<Response> => new Response(null, { status })
const failing = (): Promise<Response> => Promise.reject(boom)

describe("a probe without a body, when bodies count,", () => {
  test.each([204, 205, 304])("with status %i closes the breaker before its caller goes on", async (status) => {
    let now = 0
    let next = 503
    const safeFetch = wrap({ settleOn: "body", timeout: 100, clock: { now: () => now } }, () => answer(next)())
    await safeFetch(URL_)
    now = 101
    next = status
    await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)?.state).toBe("closed")
  })
})

test("key() and fallback() get the call's own Request, unless that has a body or another init", async () => {
  const request = new Request(URL_, { credentials: "omit" })
  const got: unknown[] = []
  const safeFetch = wrap({ key: (request) => (got.push(request), "own"), fallback: (_, request) => void got.push(request) }, failing)
  await safeFetch(request).catch(() => {})
  expect(got.map((one) => one === request)).toEqual([true, true])
  await safeFetch(request, { headers: { a: "1" } }).catch(() => {})
  await safeFetch(new Request(URL_, { method: "POST", body: "x" })).catch(() => {})
  expect(got.slice(2)).toHaveLength(4)
  expect(got.slice(2)).toEqual(Array(4).fill(expect.objectContaining({ body: null, credentials: "same-origin" })))
})

test.each([
  ["a navigation", { mode: "navigate" }],
  ["a range that a media element asks for", { mode: "no-cors", headers: new Headers({ range: "bytes=0-" }) }],
])("%s of a service worker is sent as it is, without a signal of the call's own", async (_, fields) => {
  // Only a browser can make one.
  const request = { url: URL_, method: "GET", ...fields } as Request
  const sent: unknown[] = []
  const safeFetch = wrap({ callTimeout: 60_000 }, async (...arguments_) => (sent.push(arguments_), new Response()))
  await safeFetch(request)
  expect(sent).toEqual([[request, undefined]])
})

test("a navigation that is answered after its time is not downloaded, and another late response is left alone", async () => {
  for (const [mode, times] of [["navigate", 1], ["cors", 0]] as const) {
    const cancelled = vi.fn()
    let arrive!: (response: Response) => void
    const safeFetch = wrap({ callTimeout: 1 }, () => new Promise((resolve) => (arrive = resolve)))
    const request = { url: URL_, method: "GET", mode, headers: new Headers() } as Request
    await expect(safeFetch(request)).rejects.toMatchObject({ name: "TimeoutError" })
    arrive(new Response(new ReadableStream({ cancel: cancelled })))
    await new Promise((resolve) => setTimeout(resolve))
    expect(cancelled).toHaveBeenCalledTimes(times)
  }
})

describe("key()", () => {
  test("is asked about a URL that has no origin of its own", async () => {
    const safeFetch = wrap({ key: ({ url }) => new URL(url).host }, answer(500))
    await safeFetch("app://api.local/items")
    expect([...safeFetch.breakers].map(([key]) => key)).toEqual(["api.local"])
  })

  test("may read headers that can be read only once, and they are still sent", async () => {
    const sent: unknown[] = []
    const safeFetch = wrap({ key: ({ headers }) => headers.get("x-tenant") ?? "none" }, async (_, init) => {
      sent.push(new Headers(init?.headers).get("x-tenant"))
      return new Response()
    })
    await safeFetch(URL_, { headers: new Map([["x-tenant", "a"]]).entries() as never })
    expect([sent, [...safeFetch.breakers].map(([key]) => key)]).toEqual([["a"], ["a"]])
  })

  test("is asked about a call that only a custom fetch accepts", async () => {
    const safeFetch = wrap({ key: () => "own" }, answer(200))
    await safeFetch("https://a.example/", { mode: "navigate" })
    expect(safeFetch.breakers.has("own")).toBe(true)
  })

  test("is reported when it is async, together with its rejection, and the origin is used instead", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const safeFetch = wrap({ key: (() => Promise.reject(boom)) as never }, answer(200))
    expect(await unhandledRejections(() => safeFetch(URL_))).toEqual([])
    expect([...safeFetch.breakers].map(([key]) => key)).toEqual([ORIGIN])
    const refused = expect.objectContaining({ message: "key() must be a string or undefined: got [object Promise]" })
    expect(error.mock.calls.flat()).toEqual([refused, boom])
    error.mockRestore()
  })

  test.each(["data:,x", `blob:${ORIGIN}/1b4e28ba`])("is not asked about %s, which is not sent anywhere", async (url) => {
    const key = vi.fn(() => "one")
    await wrap({ key }, answer(200))(url)
    expect(key).not.toHaveBeenCalled()
  })

  test("is not asked about a URL that cannot be sent", async () => {
    const key = vi.fn(() => "one")
    await expect(wrap({ key }, failing)("/relative")).rejects.toBe(boom)
    expect(key).not.toHaveBeenCalled()
  })
})

describe("perKey()", () => {
  test("keeps the common setting where its own is undefined", async () => {
    const safeFetch = wrap({ readyToTrip: () => false, perKey: () => ({ readyToTrip: undefined, name: undefined }) }, answer(500))
    for (let i = 0; i < 10; i++) await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)).toMatchObject({ name: ORIGIN, state: "closed" })
  })

  test.each<[string, Settings, Settings, number]>([
    ["the last calls instead of a time", { interval: 1_000, bucketPeriod: 100 }, { windowSize: 2 }, 2],
    ["the last calls instead of a period", { interval: 1_000 }, { windowSize: 2 }, 2],
    ["a time instead of the last calls", { windowSize: 2 }, { interval: 1_000, bucketPeriod: 100 }, 3],
    ["a period instead of the last calls", { windowSize: 2 }, { interval: 1_000 }, 3],
    ["or none, and keeps the last calls", { windowSize: 2 }, { maxRequests: 2 }, 2],
    ["or none, and keeps the time", { interval: 1_000 }, { maxRequests: 2 }, 3],
  ])("may choose another kind of window: %s", async (_, common, own, counted) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    let now = 0
    const safeFetch = wrap({ ...common, readyToTrip: () => false, clock: { now: () => now }, perKey: () => own }, answer(500))
    for (now of [0, 5_000, 5_010, 5_020]) await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)?.counts.totalFailures).toBe(counted)
    expect(error).not.toHaveBeenCalled()
    error.mockRestore()
  })

  test.each([5, null, "x", Promise.resolve({ timeout: 1 })])("is reported when it returns %s", async (own) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const safeFetch = wrap({ perKey: () => own as object }, answer(200))
    expect((await safeFetch(URL_)).status).toBe(200)
    expect(error.mock.calls.flat()).toEqual([expect.objectContaining({ message: expect.stringMatching(/^perKey\(\) must be settings: got /) })])
    error.mockRestore()
  })
})

describe.each(["common", "perKey"])("a callback of the %s settings that throws, or gives no valid answer,", (where) => {
  const fall = (): never => {
    throw boom
  }
  const answers: [string, () => never][] = [
    ["throws", fall],
    ["returns a text", () => "yes" as never],
    ["is async", () => Promise.reject(boom) as never],
    ["returns undefined", () => undefined as never],
  ]
  const set = (settings: Settings<Response>): FetchSettings => (where === "common" ? settings : { perKey: () => settings })
  beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}))
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  test.each(answers)("leaves a response to the rule for its status: isSuccessful %s", async (_, isSuccessful) => {
    let status = 200
    const safeFetch = wrap(set({ isSuccessful }), async () => answer(status)())
    await safeFetch(URL_)
    const { breakers } = safeFetch
    expect(breakers.get(ORIGIN)?.counts).toMatchObject({ totalSuccesses: 1 })
    status = 503
    await safeFetch(URL_)
    expect(breakers.get(ORIGIN)?.state).toBe("open")
  })

  test.each(answers)("excludes a failing response while offline: isSuccessful %s", async (_, isSuccessful) => {
    vi.stubGlobal("navigator", { onLine: false })
    const safeFetch = wrap(set({ isSuccessful }), answer(503))
    await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)?.counts).toMatchObject({ totalExclusions: 1, totalSuccesses: 0 })
  })

  test.each(answers)("leaves the wait to the header: retryAfterOf %s", async (_, retryAfterOf) => {
    const busy = async (): Promise<Response> => new Response(null, { status: 503, headers: { "retry-after": "200" } })
    const clock = { now: () => 0 }
    const safeFetch = wrap({ clock, retryAfter: { jitter: 0 }, ...set({ retryAfterOf }) }, busy)
    await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)?.retryAfter).toBe(200_000)
    const deaf = wrap({ clock, retryAfter: false, ...set({ retryAfterOf }) }, busy)
    await deaf(URL_)
    expect(deaf.breakers.get(ORIGIN)?.retryAfter).toBe(60_000)
  })
})

test("a retryAfterOf that returns a number replaces the Retry-After header, also with 0", async () => {
  const busy = async (): Promise<Response> => new Response(null, { status: 503, headers: { "retry-after": "200" } })
  const safeFetch = wrap({ clock: { now: () => 0 }, retryAfterOf: () => 0 }, busy)
  await safeFetch(URL_)
  expect(safeFetch.breakers.get(ORIGIN)?.retryAfter).toBe(60_000)
})

describe("fallback()", () => {
  test.each(["x", 5, { status: 200 }])("is reported, and its answer is not used, when it returns %j", async (substitute) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const safeFetch = wrap({ fallback: async () => substitute as unknown as Response }, failing)
    await expect(safeFetch(URL_)).rejects.toBe(boom)
    expect(error.mock.calls.flat()).toEqual([expect.objectContaining({ message: expect.stringMatching(/^fallback\(\) must be a Response/) })])
    error.mockRestore()
  })

  test("is asked about an error even if the same error was excluded before", async () => {
    let excluded = true
    const substitute = new Response("kept")
    const safeFetch = wrap({ isExcluded: () => excluded, fallback: () => substitute }, failing)
    await expect(safeFetch(URL_)).rejects.toBe(boom)
    excluded = false
    expect(await safeFetch(URL_)).toBe(substitute)
  })

  test("is not asked about an excluded error that several calls share, unless it is offline or isExcluded answers otherwise", async () => {
    const fallback = vi.fn(() => new Response())
    let excluded = true
    const shared = new Promise<never>((_, reject) => setTimeout(() => reject(boom), 1))
    const safeFetch = wrap({ isExcluded: () => excluded, fallback }, () => shared)
    const calls = await Promise.allSettled([safeFetch(URL_), safeFetch(URL_)])
    expect(calls.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    vi.stubGlobal("navigator", { onLine: false })
    await safeFetch(URL_)
    vi.unstubAllGlobals()
    expect(fallback).toHaveBeenCalledOnce()
    excluded = false
    await safeFetch(URL_)
    expect(fallback).toHaveBeenCalledTimes(2)
  })

  test.each<[string, () => Response | Promise<never>]>([
    ["goes on for ever", () => new Promise<never>(() => {})],
    ["rejects when it is aborted in turn", () => Promise.reject(boom)],
    ["answers all the same", () => new Response("late")],
  ])("is not waited for once the caller aborts, even if it %s", async (_, end) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const controller = new AbortController()
    const { signal } = controller
    const fallback = (): Promise<Response> =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(end()), { once: true }))
    const safeFetch = wrap({ fallback, rejectWith: "response" }, failing)
    const call = safeFetch(URL_, { signal })
    setTimeout(() => controller.abort("left"), 1)
    const unhandled = await unhandledRejections(() => expect(call).rejects.toBe("left"))
    expect([unhandled, error.mock.calls]).toEqual([[], []])
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
    error.mockRestore()
  })

  test("is asked about an error for which isExcluded returns no boolean, since that error counts", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {})
    const substitute = new Response("kept")
    const safeFetch = wrap({ isExcluded: () => 1 as never, fallback: () => substitute }, failing)
    expect(await safeFetch(URL_)).toBe(substitute)
    expect(error).toHaveBeenCalledOnce()
    error.mockRestore()
  })
})

test("calls that fail with the same error while offline are all excluded", async () => {
  vi.stubGlobal("navigator", { onLine: false })
  const safeFetch = wrap({}, failing)
  await Promise.allSettled([1, 2, 3].map(() => safeFetch(URL_)))
  vi.unstubAllGlobals()
  expect(safeFetch.breakers.get(ORIGIN)?.counts).toMatchObject({ totalExclusions: 3, totalFailures: 0 })
})

test("a failing response while offline is excluded, and any other counts", async () => {
  vi.stubGlobal("navigator", { onLine: false })
  let status = 503
  const safeFetch = wrap({}, async () => answer(status)())
  await safeFetch(URL_)
  status = 200
  await safeFetch(URL_)
  vi.unstubAllGlobals()
  expect(safeFetch.breakers.get(ORIGIN)?.counts).toMatchObject({ totalExclusions: 1, totalFailures: 0, totalSuccesses: 1 })
})

test("a call that times out while offline is excluded, and its fallback is asked", async () => {
  vi.stubGlobal("navigator", { onLine: false })
  const substitute = new Response("kept")
  const safeFetch = wrap({ callTimeout: 5, fallback: () => substitute }, () => new Promise(() => {}))
  expect(await safeFetch(URL_)).toBe(substitute)
  vi.unstubAllGlobals()
  expect(safeFetch.breakers.get(ORIGIN)?.counts).toMatchObject({ totalExclusions: 1, totalFailures: 0 })
  await safeFetch(URL_)
  expect(safeFetch.breakers.get(ORIGIN)?.state).toBe("open")
})

test("a call that its caller's signal times out while offline is excluded", async () => {
  vi.stubGlobal("navigator", { onLine: false })
  const safeFetch = wrap({ callerTimeout: "failure" }, () => new Promise(() => {}))
  const once = (): Promise<unknown> => safeFetch(URL_, { signal: AbortSignal.timeout(5) }).catch(() => {})
  await once()
  vi.unstubAllGlobals()
  expect(safeFetch.breakers.get(ORIGIN)?.counts).toMatchObject({ totalExclusions: 1, totalFailures: 0 })
  await once()
  expect(safeFetch.breakers.get(ORIGIN)?.state).toBe("open")
})

test("an async isSuccessful causes no unhandled rejection while offline", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {})
  vi.stubGlobal("navigator", { onLine: false })
  const safeFetch = wrap({ isSuccessful: (() => Promise.reject(boom)) as never }, answer(503))
  const unhandled = await unhandledRejections(() => safeFetch(URL_))
  vi.unstubAllGlobals()
  error.mockRestore()
  expect(unhandled).toEqual([])
})

test("a document without a navigator does not hide the error of a call", async () => {
  vi.resetModules()
  vi.stubGlobal("document", { baseURI: ORIGIN })
  vi.stubGlobal("addEventListener", () => {})
  vi.stubGlobal("navigator", undefined)
  const { wrapFetch } = await import("../../src/index.ts")
  await expect(wrapFetch(failing)(URL_)).rejects.toBe(boom)
  vi.unstubAllGlobals()
})

describe("a failure in a page whose navigator names Apple", () => {
  const WEBKIT = "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko)"
  /** Whether a call that fails is told so while all timers stand still. */
  const isToldAtOnce = async (userAgent: string): Promise<boolean> => {
    vi.resetModules()
    vi.stubGlobal("document", { baseURI: ORIGIN, hidden: false })
    vi.stubGlobal("addEventListener", () => {})
    vi.stubGlobal("navigator", { vendor: "Apple Computer, Inc.", userAgent })
    vi.useFakeTimers()
    const { wrapFetch } = await import("../../src/index.ts")
    let told = false
    const call = wrapFetch(failing)(URL_).catch(() => (told = true))
    await vi.advanceTimersByTimeAsync(0)
    const atOnce = told
    await vi.runAllTimersAsync()
    await call
    vi.useRealTimers()
    vi.unstubAllGlobals()
    return atOnce
  }

  test("waits in WebKit to know whether the page is being left", async () => {
    expect(await isToldAtOnce(`${WEBKIT} Version/26.0 Safari/605.1.15`)).toBe(false)
  })

  test("does not wait in jsdom, which names Apple but leaves no page", async () => {
    expect(await isToldAtOnce(`${WEBKIT} jsdom/27.0.1`)).toBe(true)
  })
})

describe("without a fetch of its own, a wrapped fetch", () => {
  const sent = vi.fn(answer(200))
  const { fetch: platform } = globalThis
  beforeEach(() => {
    sent.mockClear()
    globalThis.fetch = sent as typeof fetch
  })
  afterEach(() => void (globalThis.fetch = platform))

  const once = async (): Promise<void> => {
    expect((await fetch(URL_)).status).toBe(200)
    expect(sent).toHaveBeenCalledOnce()
  }

  test("uses a later replacement of the global one", async () => {
    const later = vi.fn(answer(204))
    const safeFetch = wrapFetch()
    globalThis.fetch = later as typeof fetch
    expect((await safeFetch(URL_)).status).toBe(204)
  })

  test("may replace the global one, more than once", async () => {
    globalThis.fetch = wrapFetch()
    globalThis.fetch = wrapFetch()
    await once()
  })

  test("may be called by a replacement of the global one, and counts the call once", async () => {
    const safeFetch = wrapFetch()
    globalThis.fetch = (input, init) => safeFetch(input, init)
    await once()
    expect(safeFetch.breakers.get(ORIGIN)?.counts.requests).toBe(1)
    await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)?.counts.requests).toBe(2)
    expect(sent).toHaveBeenCalledTimes(2)
  })

  test("protects what a replacement of the global one asks another origin for before it goes on", async () => {
    const safeFetch = wrapFetch(undefined, consecutiveFailures(1))
    const rejections: unknown[] = []
    globalThis.fetch = async (input) => {
      if (input === "https://auth.example/") return new Response(null, { status: 503 })
      await safeFetch("https://auth.example/").catch((error: Error) => rejections.push(error.name))
      return new Response()
    }
    await safeFetch(URL_)
    await safeFetch(URL_)
    expect(rejections).toEqual(["OpenStateError"])
    expect(safeFetch.breakers.get("https://auth.example")?.state).toBe("open")
  })

  test("may be called again after a replacement that throws", async () => {
    const safeFetch = wrapFetch()
    globalThis.fetch = () => {
      throw boom
    }
    await expect(safeFetch(URL_)).rejects.toBe(boom)
    globalThis.fetch = sent as typeof fetch
    await safeFetch(URL_)
    expect(safeFetch.breakers.get(ORIGIN)?.counts.requests).toBe(2)
  })
})

describe("a caller's signal", () => {
  test("has no listener left after calls that failed or were rejected, with a fallback", async () => {
    const { signal } = new AbortController()
    const safeFetch = wrap({ fallback: () => new Response(), mode: "shadow" }, failing)
    for (let i = 0; i < 20; i++) await safeFetch(URL_, { signal })
    const rejecting = wrap({ fallback: () => new Response() }, failing)
    for (let i = 0; i < 20; i++) await rejecting(URL_, { signal })
    expect(getEventListeners(signal, "abort")).toHaveLength(0)
  })
})

describe("arguments that fetch refuses", () => {
  const server = createServer((_, response) => response.end("ok"))
  let url: string
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(() => void server.close())

  const locked = (): ReadableStream => {
    const stream = new ReadableStream()
    stream.getReader()
    return stream
  }
  const lockedRequest = (): Request => {
    const request = new Request(url, { method: "POST", body: "x" })
    request.body?.getReader()
    return request
  }

  test.each<[string, () => [RequestInfo, RequestInit?]]>([
    ["a stream without duplex", () => [url, { method: "POST", body: new ReadableStream() }]],
    ["a stream that is being read", () => [url, { method: "POST", body: locked(), duplex: "half" } as RequestInit]],
    ["a Request that is being read", () => [lockedRequest()]],
    ...[0, 1, "x", true, Symbol("init")].map((init): [string, () => [RequestInfo, RequestInit?]] => [
      `an init that is not an object, ${String(init)}`,
      () => [url, init as RequestInit],
    ]),
  ])("are excluded: %s", async (_, arguments_) => {
    for (const callTimeout of [undefined, 60_000]) {
      const safeFetch = wrapFetch(fetch, { ...consecutiveFailures(1), callTimeout })
      await expect(safeFetch(...arguments_())).rejects.toThrow(TypeError)
      expect([...safeFetch.breakers].map(([, { state, counts }]) => [state, counts.totalExclusions])).toEqual([["closed", 1]])
    }
  })

  test("do not include an unread stream with duplex, whose failure counts", async () => {
    const safeFetch = wrapFetch(failing, consecutiveFailures(1))
    await expect(safeFetch(url, { method: "POST", body: new ReadableStream(), duplex: "half" } as RequestInit)).rejects.toBe(boom)
    expect([...safeFetch.breakers].map(([, { state }]) => state)).toEqual(["open"])
  })
})
