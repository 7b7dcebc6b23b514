/** Responses of unusual fetches and for unusual readers, when bodies count. */
import { Readable } from "node:stream"
import { describe, expect, test } from "vitest"
import { consecutiveFailures, wrapFetch, type BreakerFetch } from "../../src/index.ts"

const URL_ = "https://api.example/"
const wrap = (answer: unknown): BreakerFetch =>
  wrapFetch((async () => answer) as typeof fetch, { ...consecutiveFailures(1), settleOn: "body" })
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
