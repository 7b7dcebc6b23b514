/** The whole store in one process, without a network. `durable-object-workerd.test.ts` runs it in workerd. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, failureRate, type Run, type Settings } from "../../src/index.ts"
import { breakerObject, durableObjectStore, type DurableObjectSettings } from "../../src/stores/durable-object/index.ts"
import { storeContract } from "./contract.ts"
import { FakeObjects } from "./fake-objects.ts"
import { failuresAgo, runs } from "./runs.ts"

const fail = (): Promise<never> => Promise.reject(new Error("down"))
const succeed = (): Promise<string> => Promise.resolve("up")
const swallow = (): void => {}

// The contract passes settings only to breakers. Here the object takes them over.
let shared: Settings = {}
storeContract("durableObjectStore()", () => {
  shared = {}
  let objects: FakeObjects | undefined
  return {
    client: (): ReturnType<typeof durableObjectStore> => {
      const own = (): FakeObjects => (objects ??= new FakeObjects(breakerObject(() => shared)))
      const store = durableObjectStore(own)
      return {
        link: (host) => {
          const { interval, buckets, bucketPeriod, atEnd, ...policy } = host.policy
          const countAt = atEnd ? "end" : "start"
          shared = { ...policy, interval: interval || buckets * bucketPeriod, bucketPeriod, countAt }
          return store.link(host)
        },
      }
    },
  }
})

describe("durableObjectStore()", () => {
  let objects: FakeObjects
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
    place({ timeout: 10_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const place = (settings: Parameters<typeof breakerObject>[0]): void => {
    objects = new FakeObjects(breakerObject(settings))
  }
  const isolate = (settings: Settings = {}, store: DurableObjectSettings = {}): CircuitBreaker =>
    new CircuitBreaker({ name: "api", timeout: 10_000, ...settings, store: durableObjectStore(objects, store) })
  const pass = (ms = 1): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

  async function call<T>(subject: CircuitBreaker, request: () => Promise<T>): Promise<T> {
    const result = subject.execute(request)
    result.catch(swallow)
    await pass()
    return result
  }
  async function times(count: number, action: () => Promise<unknown>): Promise<void> {
    for (let i = 0; i < count; i++) await action().catch(swallow)
  }
  const errorsOf = (subject: CircuitBreaker): unknown[] => {
    const errors: unknown[] = []
    subject.addEventListener("storeerror", ({ error }) => errors.push(error))
    return errors
  }

  test.each([
    [undefined, "undefined"],
    [{}, "[object Object]"],
    ["BREAKERS", '"BREAKERS"'],
  ])("refuses the namespace %j", (namespace, shown) => {
    const error = new TypeError(`namespace must be a Durable Object namespace or a function that returns one: got ${shown}`)
    expect(() => durableObjectStore(namespace as never)).toThrow(error)
  })

  test.each([
    [{ deadline: 0 }, new RangeError("deadline must be a number from 1 to 2147483647: got 0")],
    [{ deadline: 2 ** 31 }, new RangeError("deadline must be a number from 1 to 2147483647: got 2147483648")],
    [{ deadline: "250" }, new TypeError('deadline must be a number from 1 to 2147483647: got "250"')],
    [{ waitUntil: {} }, new TypeError("waitUntil must be a function: got [object Object]")],
    [{ shard: "a" }, new TypeError('shard must be a function: got "a"')],
  ])("refuses the settings %j", (settings, error) => {
    expect(() => durableObjectStore(objects, settings as never)).toThrow(error)
  })

  test.each([1, 2 ** 31 - 1])("accepts a deadline of %i ms", (deadline) => {
    expect(() => durableObjectStore(objects, { deadline })).not.toThrow()
  })

  test("needs the namespace only in calls", async () => {
    let env: { BREAKERS: FakeObjects } | undefined
    const subject = new CircuitBreaker({ store: durableObjectStore(() => env!.BREAKERS) })
    env = { BREAKERS: objects }
    await times(6, () => call(subject, fail))
    expect(objects.received).toHaveLength(6)
  })

  test("goes on without a namespace, and reports that once", async () => {
    const subject = new CircuitBreaker({ store: durableObjectStore(() => undefined as never) })
    const errors = errorsOf(subject)
    await times(6, () => call(subject, fail))
    expect(subject.state).toBe("open")
    expect(errors).toEqual([new TypeError("namespace must be a Durable Object namespace: got undefined")])
  })

  test("asks once, after its first call, and not again while calls succeed", async () => {
    const clients = [isolate(), isolate(), isolate(), isolate()]
    for (const client of clients) {
      await times(2_500, () => client.execute(succeed))
      await pass(60_000)
      await times(10, () => client.execute(succeed))
    }
    expect(objects.received).toHaveLength(4)
    expect(objects.puts).toBe(0)
  })

  test("tells a new isolate about an open breaker with its first call", async () => {
    await times(6, () => call(isolate(), fail))
    const late = isolate()
    expect(await call(late, succeed)).toBe("up")
    // The call was a success, but it was made while the shared breaker was open.
    expect(late.state).toBe("open")
  })

  test("reports a success that ends a streak, once and not before its time", async () => {
    const subject = isolate()
    await times(1, () => call(subject, fail))
    await times(100, () => call(subject, succeed))
    expect(objects.received).toHaveLength(1)
    await pass(10_000)
    await times(100, () => call(subject, succeed))
    expect(objects.received).toHaveLength(2)
    await times(5, () => call(isolate(), fail))
    expect(subject.state).toBe("closed")
  })

  test("passes the promise of each report to waitUntil, and no promise rejects", async () => {
    const held: Promise<unknown>[] = []
    const subject = isolate({}, { waitUntil: (promise) => held.push(promise) })
    await times(2, () => call(subject, fail))
    objects.handle = () => Promise.reject(new Error("gone"))
    await times(2, () => call(subject, fail))
    expect(held).toHaveLength(4)
    expect(await Promise.all(held)).toHaveLength(4)
  })

  test("passes a request for a lease to waitUntil too, since the answer may come after the Worker's request", async () => {
    const held: Promise<unknown>[] = []
    const subject = isolate({}, { deadline: 100, waitUntil: (promise) => held.push(promise) })
    await times(6, () => call(subject, fail))
    await pass(10_001)
    held.length = 0
    objects.handle = async (request, object) => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      return object.fetch(request)
    }
    void subject.execute(succeed)
    await pass(100)
    expect(held).toHaveLength(1)
    await pass(1_000)
    // The lease came late, and was settled.
    expect(objects.received.slice(-2).map((body) => Object.keys(JSON.parse(body).report))).toEqual([["acquire"], ["settle"]])
  })

  test("needs no waitUntil, and does not complain", async () => {
    const reported = vi.spyOn(console, "error").mockImplementation(swallow)
    await times(1, () => call(isolate(), fail))
    expect(reported).not.toHaveBeenCalled()
    reported.mockRestore()
  })

  test.each([
    ["throws", () => { throw new TypeError("Illegal invocation") }],
    ["rejects", () => Promise.reject(new TypeError("Illegal invocation"))],
  ])("a waitUntil that %s does not affect calls", async (_, waitUntil) => {
    const reported = vi.spyOn(console, "error").mockImplementation(swallow)
    const subject = isolate({}, { waitUntil })
    await expect(call(subject, fail)).rejects.toThrow("down")
    expect(reported).toHaveBeenCalledOnce()
    reported.mockRestore()
  })

  test("names the object by shard, and keeps breakers in one object apart", async () => {
    const store = durableObjectStore(objects, { shard: () => "all" })
    const [one, other] = [new CircuitBreaker({ name: "one", store }), new CircuitBreaker({ name: "other", store })]
    await times(6, () => call(one, fail))
    await times(1, () => call(other, fail))
    expect([one.state, other.state]).toEqual(["open", "closed"])
    expect([...objects.stored.keys()]).toEqual(["all breaker:one"])
  })

  test("uses the name of the breaker where shard says nothing", async () => {
    await times(1, () => call(isolate({}, { shard: () => undefined as never }), fail))
    await times(5, () => call(isolate(), fail))
    expect([...objects.stored.keys()]).toEqual(["api breaker:api"])
  })

  test.each([
    ["throws", () => { throw new Error("no shard") }, new Error("no shard"), []],
    ["is async", async () => "all", new TypeError("shard() must be a string: got [object Promise]"), []],
    ["is async, and rejects", () => Promise.reject(new Error("no shard")), new TypeError("shard() must be a string: got [object Promise]"), [new Error("no shard")]],
    ["returns an object", () => ({ name: "all" }), new TypeError("shard() must be a string: got [object Object]"), []],
  ])("sends nothing when shard %s, and goes on", async (_, shard, error, reports) => {
    const reported = vi.spyOn(console, "error").mockImplementation(swallow)
    const subject = isolate({}, { shard: shard as never })
    const errors = errorsOf(subject)
    await times(6, () => call(subject, fail))
    expect([subject.state, objects.received, errors]).toEqual(["open", [], [error]])
    expect(reported.mock.calls.flat().slice(0, 1)).toEqual(reports)
    reported.mockRestore()
  })

  // Another isolate has one of the three leases. So one of three calls is refused, and opens the isolate's
  // breaker again.
  test.each([
    ["after", 0],
    ["before", 50],
  ])("calls with leases are made and count, even if another call is refused %s them", async (_, delay) => {
    place({ timeout: 10_000, maxRequests: 3 })
    const [one, other] = [isolate({ maxRequests: 3 }), isolate({ maxRequests: 3 })]
    for (const client of [one, other]) await times(6, () => call(client, fail))
    await pass(10_001)
    let made = 0
    let release!: () => void
    const gate = new Promise<void>((resolve) => (release = resolve))
    const probe = async (): Promise<void> => {
      made += 1
      await gate
    }
    const first = other.execute(probe)
    await pass()
    objects.handle = async (request, object) => {
      const response = await object.fetch(request)
      const isGranted = (await response.clone().text()).includes("lease")
      if (isGranted) await new Promise((resolve) => setTimeout(resolve, delay))
      return response
    }
    const calls = [1, 2, 3].map(() => one.execute(probe).then(() => "made", () => "rejected"))
    await pass(100)
    expect(made).toBe(3)
    release()
    await first
    expect((await Promise.all(calls)).sort()).toEqual(["made", "made", "rejected"])
    await pass(100)
    expect(one.state).toBe("closed")
  })

  describe("when the object fails", () => {
    const never = (): Promise<never> => new Promise(swallow)

    test.each<[string, FakeObjects["handle"]]>([
      ["throws", () => Promise.reject(new Error("broken"))],
      ["throws at once", () => { throw new Error("broken") }],
      ["is overloaded", () => Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true }))],
      ["answers nothing", never],
      ["answers 500", async () => new Response("broken", { status: 500 })],
      ["answers no JSON", async () => new Response("<html>")],
      ["is of another version", async () => Response.json({ version: 2, state: "open", retryAfter: 1e9, opens: 1 })],
      ["answers an unknown state", async () => Response.json({ version: 1, state: "ajar", retryAfter: 0, opens: 0 })],
      ["answers a negative time", async () => Response.json({ version: 1, state: "open", retryAfter: -1, opens: 1 })],
      ["answers without a number", async () => Response.json({ version: 1, state: "open", retryAfter: 1, opens: null })],
      ["answers an incomplete slow start", async () => Response.json({ version: 1, state: "closed", retryAfter: 0, opens: 0, slowStart: {} })],
      ["answers a body that does not end", async () => new Response(new ReadableStream({}))],
    ])("and %s, each isolate goes on by itself and reports that once", async (_, handle) => {
      const subject = isolate()
      const errors = errorsOf(subject)
      objects.handle = handle
      for (let i = 0; i < 6; i++) await expect(call(subject, fail)).rejects.toThrow("down")
      expect(subject.state).toBe("open")
      await pass(10_001)
      const probe = subject.execute(succeed)
      await pass(250)
      expect(await probe).toBe("up")
      expect(subject.state).toBe("closed")
      expect(errors).toHaveLength(1)
    })

    test.each<[FakeObjects["handle"], Error]>([
      [async () => new Response("broken", { status: 500 }), new Error("The object answered 500: broken")],
      [async () => new Response("TypeError: no", { status: 400 }), new Error("The object answered 400: TypeError: no")],
      [
        async () => Response.json({ version: 2 }),
        new DOMException("The object's answer cannot be read: RangeError: version must be 1: got 2", "TimeoutError"),
      ],
    ])("a storeerror says what it answered: %#", async (handle, error) => {
      const subject = isolate()
      const errors = errorsOf(subject)
      objects.handle = handle
      await times(1, () => call(subject, fail))
      expect(errors).toEqual([error])
    })

    test("and is left alone for a while, the storeerror says so, and why", async () => {
      const subject = isolate()
      objects.handle = () => Promise.reject(new Error("broken"))
      await times(2, () => call(subject, fail))
      const errors = errorsOf(subject)
      await times(1, () => call(subject, fail))
      expect(errors).toMatchObject([{ message: "The object is left alone for a while", cause: new Error("broken") }])
    })

    test("it is left alone by all breakers that it keeps, and the others are not", async () => {
      const store = durableObjectStore(objects, { shard: (name) => name[0]! })
      const breaker = (name: string): CircuitBreaker => new CircuitBreaker({ name, readyToTrip: () => false, store })
      objects.handle = async () => new Response("broken", { status: 500 })
      const [one, other] = [breaker("a1"), breaker("b1")]
      await times(2, () => call(one, fail))
      await times(2, () => call(other, fail))
      expect(objects.received).toHaveLength(4)
      await times(2, () => call(breaker("a2"), fail))
      await times(2, () => call(one, fail))
      expect(objects.received).toHaveLength(4)
    })

    test("no exchange lasts longer than four deadlines", async () => {
      const held: Promise<unknown>[] = []
      const subject = isolate({}, { deadline: 100, waitUntil: (promise) => held.push(promise) })
      objects.handle = never
      await times(1, () => call(subject, fail))
      await pass(400)
      expect(held).toHaveLength(1)
      await held[0]
      expect(vi.getTimerCount()).toBe(0)
    })

    test("a half-open call waits for the deadline, and is made #64", async () => {
      const subject = isolate({}, { deadline: 100 })
      await times(6, () => call(subject, fail))
      await pass(10_001)
      objects.handle = never
      let made = 0
      const probe = subject.execute(async () => (made += 1))
      await pass(99)
      expect(made).toBe(0)
      await pass(1)
      expect(await probe).toBe(1)
    })

    test("leaves an overloaded object alone, for longer each time", async () => {
      const subject = isolate({ readyToTrip: () => false })
      objects.handle = () => Promise.reject(Object.assign(new Error("overloaded"), { overloaded: true }))
      const counts: number[] = []
      for (let second = 0; second < 92; second++) {
        await times(10, () => call(subject, fail))
        await pass(1_000 - 10)
        counts.push(objects.received.length)
      }
      expect(counts.slice(0, 9)).toEqual([1, 2, 2, 3, 3, 3, 3, 4, 4])
      // From the fifth on, a pause lasts 30 seconds.
      expect([30, 31, 60, 61, 90, 91].map((second) => counts[second])).toEqual([5, 6, 6, 7, 7, 8])
    })

    test("leaves an object alone after two failures, whatever they are", async () => {
      const subject = isolate({ readyToTrip: () => false })
      objects.handle = () => Promise.reject(undefined)
      await times(10, () => call(subject, fail))
      expect(objects.received).toHaveLength(2)
    })

    test("reports that fail together, as when the object is moved, count as one failure", async () => {
      const store = durableObjectStore(objects, { shard: () => "all" })
      const breakers = Array.from({ length: 10 }, (_, i) => new CircuitBreaker({ name: `${i}`, store }))
      objects.handle = async () => {
        await new Promise((resolve) => setTimeout(resolve, 10))
        throw Object.assign(new Error("moved"), { durableObjectReset: true })
      }
      for (const breaker of breakers) void call(breaker, fail).catch(swallow)
      await pass(20)
      await times(1, () => call(breakers[0]!, fail))
      expect(objects.received).toHaveLength(11)
    })

    test("a clock that was set back by an hour neither lengthens the pause nor prevents the next", async () => {
      const subject = isolate({ readyToTrip: () => false })
      objects.handle = async () => {
        await new Promise((resolve) => setTimeout(resolve, 1))
        throw Object.assign(new Error("overloaded"), { overloaded: true })
      }
      await times(10, () => call(subject, fail))
      expect(objects.received).toHaveLength(1)
      vi.setSystemTime(Date.now() - 3_600_000)
      await times(10, () => call(subject, fail))
      expect(objects.received).toHaveLength(2)
    })

    test.each([
      ["for its length", "x".repeat(1_025)],
      ["by the settings", "unknown"],
    ])("a breaker whose name it refuses %s keeps no other from it", async (_, name) => {
      place((name) => {
        if (name !== "api") throw new Error("unknown")
        return { timeout: 10_000 }
      })
      const shard = (): string => "all"
      const store = durableObjectStore(objects, { shard })
      const [refused, one] = [name, "api"].map((name) => new CircuitBreaker({ name, readyToTrip: () => false, store }))
      await times(20, () => call(refused!, fail))
      expect(objects.received).toHaveLength(2)
      await times(6, () => call(one!, fail))
      const other = isolate({}, { shard })
      await times(1, () => call(other, fail))
      expect(other.state).toBe("open")
    })

    test("calls an object that was moved again at once, with the report that it missed", async () => {
      const [one, other] = [isolate({ readyToTrip: () => false }), isolate()]
      objects.handle = () => Promise.reject(Object.assign(new Error("moved"), { durableObjectReset: true }))
      await times(1, () => call(one, fail))
      objects.handle = (request, object) => object.fetch(request)
      await times(4, () => call(one, fail))
      await times(1, () => call(other, fail))
      expect(other.state).toBe("open")
    })

    test("calls that fail while the object is left alone are reported later, even if it had hung", async () => {
      const subject = isolate({ readyToTrip: () => false }, { deadline: 100 })
      objects.handle = never
      for (let i = 0; i < 2; i++) {
        await times(1, () => call(subject, fail))
        await pass(400)
      }
      objects.handle = (request, object) => object.fetch(request)
      await times(3, () => call(subject, fail))
      expect(objects.received).toHaveLength(2)
      await pass(1_000)
      await times(1, () => call(subject, fail))
      expect(JSON.parse(objects.received.at(-1)!).report.runs).toEqual([failuresAgo(1_003, 4)])
    })

    test.each<[string, () => Response]>([
      ["no JSON", () => new Response("<html>")],
      ["that of another version", () => Response.json({ version: 2 })],
      ["one that breaks off", () => new Response(new ReadableStream({ start: (stream) => stream.error(new Error("lost")) }))],
    ])("a report whose answer cannot be read is not sent twice: %s", async (_, answer) => {
      const subject = isolate({ readyToTrip: () => false })
      objects.handle = async (request, object) => {
        await object.fetch(request)
        return answer()
      }
      for (let i = 0; i < 4; i++) {
        await times(1, () => call(subject, fail))
        await pass(10_000)
      }
      const sent = objects.received.map((body) => JSON.parse(body).report.runs as Run[])
      expect(sent).toEqual(Array(4).fill(runs(0, 1)))
    })

    test("a report that may have arrived is not sent twice", async () => {
      const subject = isolate({ readyToTrip: () => false })
      objects.handle = async (request, object) => {
        await object.fetch(request)
        return never()
      }
      await times(3, () => call(subject, fail))
      await pass(10_000)
      objects.handle = (request, object) => object.fetch(request)
      await times(2, () => call(subject, fail))
      const sent = objects.received.map((body) => JSON.parse(body).report.runs as Run[])
      expect(sent).toEqual([runs(0, 1), [failuresAgo(10_002, 2), ...runs(0, 1)], runs(0, 1)])
    })
  })
})

describe("durableObjectStore() with a failure rate", () => {
  test.each([1, 2, 3].flatMap((isolates) => [2, 7, 12.5, 20].map((seconds) => ({ isolates, seconds }))))(
    "is open for a new isolate once all of $isolates are open, after $seconds s of successes",
    async ({ isolates, seconds }) => {
      vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
      const rate = { ...failureRate({ threshold: 0.5, minimumRequests: 20, within: 10_000 }), timeout: 30_000 }
      const objects = new FakeObjects(breakerObject(rate))
      const make = (): CircuitBreaker => new CircuitBreaker({ name: "api", ...rate, store: durableObjectStore(objects) })
      const clients = Array.from({ length: isolates }, make)
      const all = async (request: () => Promise<unknown>): Promise<void> => {
        for (const client of clients) await client.execute(request).catch(swallow)
        await vi.advanceTimersByTimeAsync(250)
      }
      for (let i = 0; i < seconds * 4; i++) await all(succeed)
      for (let i = 0; i < 100 && clients.some((client) => client.state === "closed"); i++) await all(fail)
      const late = make()
      await late.execute(succeed)
      await vi.advanceTimersByTimeAsync(250)
      expect([...clients, late].map((client) => client.state)).toEqual(Array(isolates + 1).fill("open"))
      vi.useRealTimers()
    },
  )

  test("is not diluted by successes of earlier hours", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
    const rate = failureRate({ threshold: 0.5, minimumRequests: 10, within: 10_000 })
    const objects = new FakeObjects(breakerObject(rate))
    const clients = Array.from({ length: 5 }, () => new CircuitBreaker({ name: "api", ...rate, store: durableObjectStore(objects) }))
    for (let hour = 0; hour < 10; hour++) {
      for (const client of clients) for (let i = 0; i < 100; i++) await client.execute(succeed)
      await vi.advanceTimersByTimeAsync(3_600_000)
    }
    for (let i = 0; i < 3; i++) {
      for (const client of clients) {
        await client.execute(fail).catch(swallow)
        await vi.advanceTimersByTimeAsync(1)
      }
    }
    expect(clients.map((client) => client.state)).toEqual(Array(5).fill("open"))
    vi.useRealTimers()
  })
})
