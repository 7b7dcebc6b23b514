import { beforeEach, describe, expect, test } from "vitest"
import { CircuitBreaker, consecutiveFailures, type Settings } from "../../src/index.ts"
import { boom, counts, fail, pending, rejection, succeed } from "./calls.ts"

let now = 0
beforeEach(() => {
  now = 0
})

const make = (settings?: Settings): CircuitBreaker =>
  new CircuitBreaker({ clock: { now: () => now }, ...settings })

describe("execute(), closed", () => {
  test.each([
    ["an async function", async () => 42],
    ["a sync function", () => 42],
    [
      "a thenable",
      () => ({ then: (resolve: (value: number) => void) => resolve(42) }) as PromiseLike<number>,
    ],
  ])("resolves with the value of %s #1 #3", async (_, request) => {
    const breaker = make()
    expect(await breaker.execute(request)).toBe(42)
    expect(breaker.counts).toEqual(
      counts({ requests: 1, totalSuccesses: 1, consecutiveSuccesses: 1 }),
    )
  })

  test.each([undefined, null, false, 0, ""])(
    "counts the value %j as a success #3",
    async (value) => {
      const breaker = make()
      expect(await breaker.execute(() => value)).toBe(value)
      expect(await breaker.execute(async () => value)).toBe(value)
      expect(breaker.counts).toMatchObject({ totalSuccesses: 2, totalFailures: 0 })
    },
  )

  test.each([{}, { callTimeout: 100 }])("refuses a promise in place of a function, and counts nothing: %j", async (settings) => {
    const breaker = make({ ...settings, ...consecutiveFailures(1) })
    const call = breaker.execute(Promise.resolve(42) as never)
    await expect(call).rejects.toThrow(new TypeError("request must be a function: got [object Promise]"))
    expect(breaker.counts).toEqual(counts())
  })

  test("rejects when the function throws, and counts that once #2", async () => {
    const breaker = make()
    const call = breaker.execute(() => {
      throw boom
    })
    await expect(call).rejects.toBe(boom)
    expect(breaker.counts).toEqual(
      counts({ requests: 1, totalFailures: 1, consecutiveFailures: 1 }),
    )
  })

  test("calls the function at once, once, with the signal alone and without this #4", () => {
    const calls: unknown[] = []
    void make().execute(function (this: unknown, ...args: unknown[]) {
      calls.push([this, args])
    })
    expect(calls).toEqual([[undefined, [undefined]]])
  })

  test.each([
    Object.freeze(new Error("frozen")),
    "a string",
    undefined,
    null,
    0,
    { code: 7 },
    Symbol("odd"),
  ])("rejects with the same error, unmodified: %o #5", async (error) => {
    const breaker = make()
    const caught = await breaker
      .execute(() => Promise.reject(error))
      .catch((reason: unknown) => [reason])
    expect(caught).toEqual([error])
    expect((caught as unknown[])[0]).toBe(error)
    expect(breaker.counts.totalFailures).toBe(1)
  })

  test("lets calls through while others are under way", async () => {
    const breaker = make()
    const slow = pending()
    const first = breaker.execute(() => slow.promise)
    await succeed(breaker, 3)
    expect(breaker.counts).toMatchObject({ requests: 4, totalSuccesses: 3 })
    slow.resolve("late")
    expect(await first).toBe("late")
  })
})

describe("counts, closed", () => {
  test("do not count what the breaker itself rejected #18", async () => {
    const breaker = make({ timeout: 10, ...consecutiveFailures(1) })
    breaker.trip()
    expect((await rejection(breaker)).code).toBe("ERR_OPEN_STATE")
    now = 11
    const done = breaker.allow()
    for (let i = 0; i < 5; i++)
      expect((await rejection(breaker)).code).toBe("ERR_TOO_MANY_REQUESTS")
    expect(breaker.counts).toEqual(counts({ requests: 1 }))
    done("success")
    expect(breaker.state).toBe("closed")
    expect(breaker.counts).toEqual(counts())
  })

  test("are a copy", async () => {
    const breaker = make()
    const before = breaker.counts
    before.totalFailures = 99
    await fail(breaker)
    expect(before).toMatchObject({ requests: 0, totalFailures: 99 })
    expect(breaker.counts.totalFailures).toBe(1)
  })
})
