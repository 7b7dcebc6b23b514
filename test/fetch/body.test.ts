/** Responses of unusual fetches and for unusual readers, when bodies count. */
import { Readable } from "node:stream"
import { describe, expect, test } from "vitest"
import { consecutiveFailures, wrapFetch, type BreakerFetch } from "../../src/index.ts"

const URL_ = "https://api.example/"
const wrap = (answer: unknown): BreakerFetch =>
  wrapFetch(async () => answer as Response, { ...consecutiveFailures(1), settleOn: "body" })
const countsOf = (safeFetch: BreakerFetch): unknown => safeFetch.breakers.get("https://api.example")?.counts

describe("what a fetch answers is passed on, and counts by its status, if it is", () => {
  test.each([
    ["a response whose body is a Node stream, as node-fetch has it", { status: 200, body: Readable.from(["x"]) }],
    ["no response", undefined],
    ["null", null],
  ])("%s", async (_, answer) => {
    const safeFetch = wrap(answer)
    expect(await safeFetch(URL_)).toBe(answer)
    expect(countsOf(safeFetch)).toMatchObject({ totalSuccesses: 1, totalFailures: 0 })
  })

  test("a failing response whose body is a Node stream", async () => {
    const answer = { status: 503, headers: new Headers(), body: Readable.from(["x"]) }
    const safeFetch = wrap(answer)
    expect(await safeFetch(URL_)).toBe(answer)
    expect(safeFetch.breakers.get("https://api.example")?.state).toBe("open")
  })
})

test("a body is read only when its reader asks for it, and cancelled when its reader cancels it", async () => {
  let pulls = 0
  let reason: unknown
  const pull = (controller: ReadableStreamDefaultController): void => controller.enqueue(new Uint8Array([++pulls]))
  const original = new ReadableStream({ pull, cancel: (why) => void (reason = why) }, { highWaterMark: 0 })
  const reader = (await wrap(new Response(original))(URL_)).body!.getReader()
  await new Promise((resolve) => setTimeout(resolve))
  expect(pulls).toBe(0)
  expect(await reader.read()).toEqual({ done: false, value: new Uint8Array([1]) })
  await new Promise((resolve) => setTimeout(resolve))
  expect(pulls).toBe(1)
  await reader.cancel("enough")
  expect(reason).toBe("enough")
})

describe("a property of a response", () => {
  const names = ["url", "redirected", "type", "clone"] as const

  test.each(names)("may be replaced by a proxy around it: %s", async (name) => {
    const response = await wrap(new Response("x"))(URL_)
    const proxy = new Proxy(response, { get: (target, key) => (key === name ? "other" : Reflect.get(target, key, target)) })
    expect(proxy[name]).toBe("other")
  })

  test.each(names)("may be defined anew: %s", async (name) => {
    const response = await wrap(new Response("x"))(URL_)
    expect(Object.defineProperty(response, name, { value: "other" })[name]).toBe("other")
  })

  test("that is a method may be assigned: clone", async () => {
    const response = await wrap(new Response("x"))(URL_)
    const clone = (): Response => response
    response.clone = clone
    expect(response.clone).toBe(clone)
  })
})
