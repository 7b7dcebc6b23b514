import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"
import {
  anyOf,
  CircuitBreaker,
  consecutiveFailures,
  exponentialBackoff,
  failureRate,
  slowCallRate,
  type Done,
  type Settings,
} from "../../src/index.ts"
import { boom, fail, succeed } from "./calls.ts"
import { unhandledRejections } from "./unhandled-rejections.ts"

let now = 0
beforeEach(() => {
  now = 0
})

const make = (settings: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, timeout: 1_000, ...settings })

function take(breaker: CircuitBreaker, duration: number, times = 1): void {
  for (let i = 0; i < times; i++) {
    const done = breaker.allow()
    now += duration
    done("success")
  }
}

describe("consecutiveFailures()", () => {
  test.each([1, 2, 5, 100])("opens at failure %i in a row, not before #7", async (n) => {
    const breaker = make(consecutiveFailures(n))
    await fail(breaker, n - 1)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test.each([0, -1, 1.5, NaN, Infinity])("refuses %d #19", (n) => {
    expect(() => consecutiveFailures(n)).toThrow(RangeError)
    expect(() => consecutiveFailures(n)).toThrow(String(n))
  })

  test.each(["5", null, undefined])("refuses %s, which is not a number #19", (n) => {
    expect(() => consecutiveFailures(n as never)).toThrow(TypeError)
  })
})

describe("failureRate()", () => {
  test("opens when the share of failures reaches the threshold #7", async () => {
    const breaker = make(failureRate({ threshold: 0.5, minimumRequests: 4, last: 10 }))
    await succeed(breaker, 3)
    await fail(breaker, 2)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("does not count calls that are older than within", async () => {
    const breaker = make(failureRate({ threshold: 0.5, minimumRequests: 4, within: 10_000 }))
    await fail(breaker, 3)
    now = 10_000
    await fail(breaker, 3)
    expect(breaker.state).toBe("closed")
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  // Ten calls a second, all of which time out.
  test.each([5_000, 9_500, 10_000, 15_000])("opens when its calls take %i ms, with a window of 10 000 #16", (duration) => {
    const breaker = make(failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }))
    const calls: Done[] = []
    for (now = 0; breaker.state === "closed" && now < 60_000; now += 100) {
      calls.push(breaker.allow())
      if (now >= duration) calls.shift()?.("failure")
    }
    expect(now - duration).toBe(2_000)
  })

  test("does not count excluded calls towards the minimum", async () => {
    const rate = failureRate({ threshold: 1, minimumRequests: 4, within: 10_000 })
    const breaker = make({ ...rate, isExcluded: (_, result) => result === "fine" })
    await succeed(breaker, 100)
    await fail(breaker, 3)
    expect(breaker.state).toBe("closed")
  })

  test("needs ten calls by default, or as many as last if that is less", async () => {
    const ten = make(failureRate({ threshold: 1, within: 10_000 }))
    await fail(ten, 9)
    expect(ten.state).toBe("closed")
    await fail(ten)
    expect(ten.state).toBe("open")
    const three = make(failureRate({ threshold: 1, last: 3 }))
    await fail(three, 3)
    expect(three.state).toBe("open")
  })

  test.each([
    ["threshold", { threshold: 0, last: 5 }, "0"],
    ["threshold", { threshold: 1.01, last: 5 }, "1.01"],
    ["threshold", { threshold: NaN, last: 5 }, "NaN"],
    ["threshold", { threshold: "50%", last: 5 }, "50%"],
    ["threshold", { last: 5 }, "undefined"],
    ["within", { threshold: 0.5 }, "undefined"],
    ["within", { threshold: 0.5, within: 0 }, "0"],
    ["within", { threshold: 0.5, within: Infinity }, "Infinity"],
    ["last", { threshold: 0.5, last: 0 }, "0"],
    ["last", { threshold: 0.5, last: 2.5 }, "2.5"],
    ["within", { threshold: 0.5, last: 5, within: 1_000 }, "1000"],
    ["minimumRequests", { threshold: 0.5, last: 5, minimumRequests: 0 }, "0"],
    ["minimumRequests", { threshold: 0.5, last: 5, minimumRequests: -3 }, "-3"],
  ])("refuses a wrong %s: %j #19", (name, settings, value) => {
    const call = (): unknown => failureRate(settings as never)
    expect(call).toThrow(name)
    expect(call).toThrow(value)
    expect(call).toThrow(
      expect.objectContaining({ name: expect.stringMatching(/^(Range|Type)Error$/) }),
    )
  })
})

describe("slowCallRate()", () => {
  test("opens after slow successes #15", () => {
    const breaker = make(
      slowCallRate({ threshold: 0.5, slowerThan: 100, minimumRequests: 4, last: 10 }),
    )
    take(breaker, 100, 2)
    take(breaker, 101)
    expect(breaker.state).toBe("closed")
    take(breaker, 101)
    expect(breaker.state).toBe("open")
  })

  test("opens by calls that take longer than its window", () => {
    const breaker = make(slowCallRate({ threshold: 0.5, slowerThan: 10_000, minimumRequests: 2, within: 10_000 }))
    const calls = [breaker.allow(), breaker.allow()]
    now = 10_001
    for (const done of calls) done("success")
    expect(breaker.state).toBe("open")
  })

  test.each([-1, NaN, undefined, "1s"])("refuses slowerThan: %s #19", (slowerThan) => {
    expect(() =>
      slowCallRate({ threshold: 0.5, last: 5, slowerThan: slowerThan as number }),
    ).toThrow(/slowerThan/)
  })
})

describe("anyOf()", () => {
  const both = (): Settings =>
    anyOf(
      consecutiveFailures(3),
      slowCallRate({ threshold: 1, slowerThan: 100, minimumRequests: 2, last: 10 }),
    )

  test("opens when any of its presets would", async () => {
    const failing = make(both())
    await fail(failing, 3)
    expect(failing.state).toBe("open")
    const slow = make(both())
    take(slow, 101, 2)
    expect(slow.state).toBe("open")
    const neither = make(both())
    await fail(neither, 2)
    take(neither, 50)
    expect(neither.state).toBe("closed")
  })

  test("refuses presets with different windows", () => {
    const short = failureRate({ threshold: 0.5, within: 1_000 })
    const long = failureRate({ threshold: 0.1, within: 9_000 })
    const last = failureRate({ threshold: 0.1, last: 10 })
    expect(() => anyOf(short, long)).toThrow(/1000.*9000/)
    expect(() => anyOf(short, last)).toThrow(TypeError)
    expect(() => anyOf(short, failureRate({ threshold: 0.9, within: 1_000 }))).not.toThrow()
  })

  test.each([[[]], [[{}]], [[1]], [[null]], [[consecutiveFailures(1), { windowSize: 5 }]]])("refuses %j, as presets without a rule", (presets) => {
    expect(() => anyOf(...(presets as never[]))).toThrow(expect.objectContaining({ name: "TypeError", message: expect.stringMatching(/^presets must be /) }))
  })

  test("reports a rule that throws, or is async and rejects, and still asks the others", async () => {
    const reported = vi.fn()
    vi.stubGlobal("reportError", reported)
    onTestFinished(() => void vi.unstubAllGlobals())
    const fall = (): never => {
      throw boom
    }
    const later = (async () => fall()) as never
    const breaker = make(anyOf({ readyToTrip: fall }, { readyToTrip: later }, consecutiveFailures(2)))
    expect(await unhandledRejections(() => fail(breaker))).toEqual([])
    expect(breaker.state).toBe("closed")
    expect(reported.mock.calls).toEqual([[boom], [expect.objectContaining({ message: expect.stringMatching(/^readyToTrip\(\) must be a boolean/) })], [boom]])
    await fail(breaker)
    expect(breaker.state).toBe("open")
  })

  test("refuses presets with different slowerThan", () => {
    const at = (slowerThan: number) => slowCallRate({ threshold: 0.5, slowerThan, last: 10 })
    expect(() => anyOf(at(100), at(200))).toThrow(TypeError)
  })
})

test.each([
  ["within", failureRate({ threshold: 0.5, within: 1_000 }), failureRate({ threshold: 0.5, within: 2_000 })],
  ["last", failureRate({ threshold: 0.5, last: 10 }), failureRate({ threshold: 0.5, last: 20 })],
  ["slowerThan", slowCallRate({ threshold: 0.5, slowerThan: 1, last: 10 }), slowCallRate({ threshold: 0.5, slowerThan: 2, last: 10 })],
])("anyOf() refuses different values of %s by the name of the preset's setting", (name, one, other) => {
  expect(() => anyOf(one, other)).toThrow(new RegExp(`^${name} must be the same in all presets: got \\d+ and \\d+$`))
})

test.each([failureRate, slowCallRate, exponentialBackoff])("%o without settings throws an error that asks for them", (preset) => {
  expect(() => preset(undefined as never)).toThrow("settings must be an object: got undefined")
})
