import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, failureRate, type Settings } from "../../src/index.ts"
import { counts, fail, succeed } from "./calls.ts"

afterEach(() => {
  vi.unstubAllGlobals()
})

const notFinite = [NaN, Infinity, -Infinity]
const notNumbers = ["5", null, true, 5n, {}, [], Symbol("5")]
const notFunctions = ["f", 5, null, true, {}]

/** Expects an error of the right class that names the setting and the value. */
function expectRefusal(settings: object, name: string, value: unknown): void {
  let error: unknown
  try {
    new CircuitBreaker(settings)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(typeof value === "number" ? RangeError : TypeError)
  expect((error as Error).message).toContain(name)
  expect((error as Error).message).toContain(
    typeof value === "symbol" ? value.toString() : String(value),
  )
}

const wrong: Record<string, readonly unknown[]> = {
  name: [5, null, {}, true],
  maxRequests: [-1, 1.5, ...notFinite, ...notNumbers],
  interval: [-1, ...notFinite, ...notNumbers],
  bucketPeriod: [-1, ...notFinite, ...notNumbers],
  countAt: ["begin", "", 1, null, true],
  windowSize: [-1, 1.5, ...notFinite, ...notNumbers],
  timeout: [-1, ...notFinite, ...notNumbers],
  probeTimeout: [-1, ...notFinite, ...notNumbers],
  callTimeout: [-1, 2 ** 31, ...notFinite, ...notNumbers],
  slowCallDuration: [-1, ...notFinite, ...notNumbers],
  readyToTrip: notFunctions,
  isSuccessful: notFunctions,
  isExcluded: notFunctions,
  retryAfterOf: notFunctions,
  onStateChange: notFunctions,
  callerTimeout: ["success", 5, null],
  mode: ["off", "", 1, null, true],
  clock: [5, null, {}, { now: 5 }, () => 5],
  // A string has a method named `link` too.
  store: ["x", 5, null, {}, { link: 5 }],
}

describe("new CircuitBreaker()", () => {
  test.each(Object.entries(wrong))(
    "refuses a wrong %s, naming setting and value #19",
    (name, values) => {
      for (const value of values) expectRefusal({ [name]: value }, name, value)
    },
  )

  test.each([null, 5, "x", () => {}])("refuses %s for the settings", (settings) => {
    expect(() => new CircuitBreaker(settings as never)).toThrow(/^settings must be an object: got (null|5|"x"|\(\) => \{\s*\})$/)
  })

  test("is not confused by what a page has added to Object.prototype", async () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>
    prototype["extended"] = () => {}
    onTestFinished(() => void delete prototype["extended"])
    let now = 0
    const breaker = new CircuitBreaker({ ...failureRate({ threshold: 1, within: 1_000 }), clock: { now: () => now } })
    await fail(breaker, 3)
    now += 5_000
    expect(breaker.state).toBe("closed")
    expect(Object.values(breaker.counts)).toEqual([0, 0, 0, 0, 0, 0, 3])
  })

  test("reports a value that cannot be converted to a text", () => {
    expect(() => new CircuitBreaker({ timeout: Object.create(null) })).toThrow(/^timeout must be .*: got object$/)
  })

  test("treats undefined as not set, in every setting", async () => {
    const settings = Object.fromEntries(Object.keys(wrong).map((name) => [name, undefined]))
    const breaker = new CircuitBreaker(settings)
    expect(breaker.name).toBe("")
    await fail(breaker, 5)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("treats 0 as gobreaker's default: one probe, a minute, no window, no limits", async () => {
    let now = 0
    const breaker = new CircuitBreaker({
      maxRequests: 0,
      interval: 0,
      bucketPeriod: 0,
      windowSize: 0,
      timeout: 0,
      probeTimeout: 0,
      callTimeout: 0,
      clock: { now: () => now },
    })
    await fail(breaker, 6)
    expect(breaker.retryAfter).toBe(60_000)
    now = 60_001
    const probe = breaker.allow()
    expect(() => breaker.allow()).toThrow()
    probe("success")
    expect(breaker.state).toBe("closed")
  })

  test("refuses windowSize together with interval, since counts belong to one window", () => {
    expect(() => new CircuitBreaker({ windowSize: 5, interval: 7 })).toThrow(
      /windowSize.*interval.*5.*7/,
    )
    expect(() => new CircuitBreaker({ windowSize: 5, interval: 0 })).not.toThrow()
  })

  test("does not change its settings, and two breakers may share them #20", async () => {
    const settings: Settings = Object.freeze({
      name: "shared",
      windowSize: 5,
      snapshot: undefined,
      ...consecutiveFailures(2),
    })
    const before = { ...settings }
    const [a, b] = [new CircuitBreaker(settings), new CircuitBreaker(settings)]
    await fail(a, 2)
    expect(a.state).toBe("open")
    expect(b.state).toBe("closed")
    expect(b.counts).toEqual(counts())
    expect(settings).toEqual(before)
  })

  test("is not affected by later changes to its settings object #20", async () => {
    const before = vi.fn(() => false)
    const after = vi.fn(() => true)
    const settings: Settings = {
      name: "before",
      readyToTrip: before,
      isExcluded: before,
      onStateChange: () => {},
    }
    const breaker = new CircuitBreaker(settings)
    Object.assign(settings, {
      name: "after",
      readyToTrip: after,
      isExcluded: after,
      onStateChange: after,
      mode: "disabled",
    })
    await fail(breaker, 2)
    breaker.trip()
    expect(breaker.name).toBe("before")
    expect(before).toHaveBeenCalled()
    expect(after).not.toHaveBeenCalled()
  })

  test("needs no settings, no timer, no randomness and no AbortController", async () => {
    const forbidden = (): never => {
      throw new Error("not at the top level of a Worker")
    }
    for (const name of [
      "setTimeout",
      "setInterval",
      "AbortController",
      "queueMicrotask",
      "crypto",
    ]) {
      vi.stubGlobal(name, forbidden)
    }
    const random = vi.spyOn(Math, "random").mockImplementation(forbidden)
    const breaker = new CircuitBreaker()
    await succeed(breaker)
    await fail(breaker, 6)
    random.mockRestore()
    expect(breaker.state).toBe("open")
  })
})
