import { afterEach, describe, expect, test, vi } from "vitest"
import { parseRetryAfter, retryAfterOf } from "../../src/fetch/retry-after.ts"

const now = Date.parse("Wed, 21 Oct 2015 07:28:00 GMT")

test.each([
  ["120", 120_000],
  [" 5 ", 5_000],
  ["0", 0],
  ["Wed, 21 Oct 2015 07:28:30 GMT", 30_000],
  ["Wednesday, 21-Oct-15 07:28:30 GMT", 30_000],
  ["Wed Oct 21 07:28:30 2015", 30_000],
  ["Wed, 21 Oct 2015 07:27:00 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["2", 2_000],
  ["May", undefined],
  ["Wed, 99 Oct 2015 07:28:30 GMT", undefined],
  ["", undefined],
  [null, undefined],
])("parseRetryAfter(%j) is %j", (value, wait) => {
  expect(parseRetryAfter(value, now)).toBe(wait)
})

describe("retryAfterOf()", () => {
  afterEach(() => void vi.restoreAllMocks())
  const response = (status: number, headers: Record<string, string>): Response =>
    new Response(null, { status, headers })
  const exactly = { jitter: 0 }

  test.each([429, 503])("reads the header of a %i #32", (status) => {
    expect(retryAfterOf(response(status, { "retry-after": "7" }), exactly)).toBe(7_000)
  })

  test.each([200, 301, 500, 502, 408])("ignores the header of a %i", (status) => {
    expect(retryAfterOf(response(status, { "retry-after": "7" }), exactly)).toBeUndefined()
  })

  test("is undefined without the header", () => {
    expect(retryAfterOf(response(503, {}), exactly)).toBeUndefined()
  })

  test("measures a date by the server's clock where it can be read #32", () => {
    const date = "Wed, 21 Oct 2015 07:28:00 GMT"
    const headers = { date, "retry-after": "Wed, 21 Oct 2015 07:28:09 GMT" }
    expect(retryAfterOf(response(503, headers), exactly)).toBe(9_000)
  })

  test("measures a date by its own clock otherwise #32", () => {
    vi.spyOn(Date, "now").mockReturnValue(now)
    const headers = { "retry-after": "Wed, 21 Oct 2015 07:28:09 GMT" }
    expect(retryAfterOf(response(503, headers), exactly)).toBe(9_000)
  })

  test("is at most five minutes, or max #32", () => {
    const headers = { "retry-after": "86400" }
    expect(retryAfterOf(response(503, headers), exactly)).toBe(300_000)
    expect(retryAfterOf(response(503, headers), { max: 1_000, jitter: 0 })).toBe(1_000)
  })

  test("jitters upwards only, after the cap", () => {
    const headers = { "retry-after": "86400" }
    const random = vi.spyOn(Math, "random").mockReturnValue(0)
    expect(retryAfterOf(response(503, headers), { max: 1_000, jitter: 0.5 })).toBe(1_000)
    random.mockReturnValue(0.5)
    expect(retryAfterOf(response(503, headers), { max: 1_000, jitter: 0.5 })).toBe(1_250)
  })
})
