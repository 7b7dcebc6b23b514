/**
 * Failures of a page's storage. The breaker goes on with its local state, and no call sees the error of the
 * store.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures, failureRate, type Settings } from "../../src/index.ts"
import { localStorageStore } from "../../src/stores/local-storage/index.ts"
import { pending } from "../breaker/calls.ts"
import { FailingStorage } from "./failing-storage.ts"
import { fakeLocks } from "./fake-locks.ts"
import { FakeStorage } from "./fake-storage.ts"

const key = "webbreaker:api"
const start = 1_800_000_000_000
const hour = 3_600_000
const down = new Error("down")
const fail = (): Promise<never> => Promise.reject(down)
const succeed = (): Promise<string> => Promise.resolve("up")
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(220)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: start })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

interface Client {
  readonly breaker: CircuitBreaker
  readonly errors: unknown[]
}

/** The breaker of a page. By default it uses the global storage. */
function client(storage?: Storage, settings: Settings = {}): Client {
  const store = localStorageStore(storage && { storage })
  const breaker = new CircuitBreaker({ name: "api", timeout: 10_000, ...settings, store })
  const errors: unknown[] = []
  breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
  return { breaker, errors }
}

async function call<T>({ breaker }: Client, request: () => Promise<T>): Promise<T> {
  const result = breaker.execute(request)
  result.catch(() => {})
  await settle()
  return result
}

async function failures(subject: Client, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await expect(call(subject, fail)).rejects.toBe(down)
}

/** Between single failures, calls go through, and the breaker remains closed. */
async function staysClosed(subject: Client, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    expect(await call(subject, succeed)).toBe("up")
    await failures(subject, 1)
    expect(subject.breaker.state).toBe("closed")
  }
}

/** A storage that has room for a number of characters more. */
class FullStorage extends FakeStorage {
  room = Infinity
  override setItem(key: string, value: string): void {
    const growth = value.length - (this.getItem(key)?.length ?? 0)
    if (growth > this.room) throw new DOMException("There is no room", "QuotaExceededError")
    this.room -= growth
    super.setItem(key, value)
  }
}

test.each([0, 10, 20, 30, 40])("a storage that has room for %i characters, and for no lease, opens no breaker by single failures", async (room) => {
  const storage = new FullStorage()
  vi.stubGlobal("navigator", { locks: fakeLocks() })
  const subject = client(storage)
  await failures(subject, 6)
  storage.room = room
  await vi.advanceTimersByTimeAsync(10_001)
  await staysClosed(subject, 5)
})

/** Takes the breaker through every state and back, with local state only. */
async function goThroughAll(subject: Client): Promise<void> {
  expect(await call(subject, succeed)).toBe("up")
  await failures(subject, 6)
  expect(subject.breaker.state).toBe("open")
  await expect(call(subject, succeed)).rejects.toThrow(/open/)
  await vi.advanceTimersByTimeAsync(10_001)
  await failures(subject, 1)
  expect(subject.breaker.state).toBe("open")
  await vi.advanceTimersByTimeAsync(10_001)
  expect(await call(subject, succeed)).toBe("up")
  expect(subject.breaker.state).toBe("closed")
}

describe("localStorageStore() without a storage", () => {
  const denied = (): never => {
    throw new DOMException("Access is denied for this document.", "SecurityError")
  }
  test.each<[string, PropertyDescriptor, RegExp]>([
    ["denied, as in a sandboxed frame", { get: denied }, /denied/],
    ["null, as Firefox has it where the user turned it off", { value: null }, /not available/],
    ["absent, as in a worker", { value: undefined }, /not available/],
  ])("goes on with local state where it is %s", async (_, descriptor, message) => {
    const original = Object.getOwnPropertyDescriptor(globalThis, "localStorage")
    Object.defineProperty(globalThis, "localStorage", { ...descriptor, configurable: true })
    try {
      const subject = client()
      await settle()
      expect(subject.errors).toHaveLength(1)
      await goThroughAll(subject)
      expect(subject.errors).toHaveLength(1)
      expect(String(subject.errors[0])).toMatch(message)
    } finally {
      if (original) Object.defineProperty(globalThis, "localStorage", original)
      else Reflect.deleteProperty(globalThis, "localStorage")
    }
  })

  test("can be made where there are no weak references, as in Workers with an old compatibility date", async () => {
    vi.stubGlobal("WeakRef", undefined)
    vi.stubGlobal("FinalizationRegistry", undefined)
    const subject = client(new FakeStorage())
    await settle()
    await goThroughAll(subject)
    expect(subject.errors).toHaveLength(1)
  })
})

describe("localStorageStore() with a storage that holds no text", () => {
  test.each<[string, () => unknown]>([
    ["promises", async () => null],
    ["promises that reject", async () => fail()],
    ["objects", () => ({ version: 1 })],
  ])("goes on with local state and says so when it answers with %s", async (_, getItem) => {
    const subject = client({ getItem, setItem: fail, removeItem: fail } as never)
    await settle()
    await goThroughAll(subject)
    expect(subject.errors.map(String)).toEqual([expect.stringMatching("getItem.. must be a string or null: got .object")])
  })

  test("accepts undefined for null, as a Map answers", async () => {
    const items = new Map<string, string>()
    const storage = { getItem: (key: string) => items.get(key), setItem: (key: string, text: string) => void items.set(key, text) }
    const [subject, other] = [client(storage as never), client(storage as never)]
    await failures(subject, 6)
    await failures(other, 1)
    expect([other.breaker.state, subject.errors]).toEqual(["open", []])
  })
})

describe.each(["denied", "full"] as const)("localStorageStore() whose storage is %s", (broken) => {
  let storage: FailingStorage
  beforeEach(() => {
    storage = new FailingStorage()
    storage.broken = broken
  })

  test("goes on with local state and reports that once #64", async () => {
    const subject = client(storage)
    await goThroughAll(subject)
    expect(subject.errors).toHaveLength(1)
  })

  test("shares what happened meanwhile once it works again, and reports the next failure", async () => {
    const [one, other] = [client(storage), client(storage)]
    await failures(one, 5)
    expect(one.errors).toHaveLength(1)
    storage.broken = undefined
    await failures(one, 1)
    expect(one.breaker.state).toBe("open")
    await failures(other, 1)
    expect(other.breaker.state).toBe("open")
    storage.broken = broken
    await vi.advanceTimersByTimeAsync(10_001)
    await failures(one, 1)
    expect(one.errors).toHaveLength(2)
  })

  test("does not block later probes if it breaks during one", async () => {
    storage.broken = undefined
    const settings = { probeTimeout: 5_000 }
    const [one, other] = [client(storage, settings), client(storage, settings)]
    for (const subject of [one, other]) await failures(subject, 6).catch(() => {})
    await vi.advanceTimersByTimeAsync(10_001)
    vi.stubGlobal("navigator", { locks: fakeLocks() })
    storage.broken = broken
    void one.breaker.execute(() => new Promise<never>(() => {}))
    await settle()
    storage.broken = undefined
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await call(other, succeed)).toBe("up")
    expect(other.breaker.state).toBe("closed")
  })

  test("opens no breaker by a single failure after it broke during an open period, and closes the record once it works again", async () => {
    storage.broken = undefined
    const subject = client(storage)
    await failures(subject, 6)
    storage.broken = broken
    await vi.advanceTimersByTimeAsync(10_001)
    await staysClosed(subject, 3)
    storage.broken = undefined
    await failures(subject, 1)
    expect(await call(subject, succeed)).toBe("up")
    await settle()
    expect(JSON.parse(storage.getItem(key)!)).toMatchObject({ leases: [], snapshot: { state: "closed" } })
  })

  test("learns of others again once it works again", async () => {
    const page = new EventTarget()
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    const subject = client(storage)
    await settle()
    storage.broken = undefined
    const other = client(storage)
    await failures(other, 6)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    expect(subject.breaker.state).toBe("open")
  })

  test("throws no errors in events of the page", async () => {
    const page = new EventTarget()
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    client(storage)
    const thrown = vi.fn()
    process.once("uncaughtException", thrown)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }))
    await settle()
    process.removeListener("uncaughtException", thrown)
    expect(thrown).not.toHaveBeenCalled()
  })
})

/** A storage with the record of an open breaker, changed by `change`. */
async function recordWith(change: (record: any) => unknown): Promise<FakeStorage> {
  const storage = new FakeStorage()
  await failures(client(storage), 6)
  const record: unknown = JSON.parse(storage.getItem(key)!)
  storage.setItem(key, JSON.stringify(change(record)))
  return storage
}

describe("A record in the page's storage", () => {
  test("is versioned JSON with the wall-clock time of the opening and the length of the period", async () => {
    const storage = new FakeStorage()
    const subject = client(storage)
    await failures(subject, 6)
    const { version, openedAt, durationMs } = JSON.parse(storage.getItem(key)!)
    expect({ version, durationMs }).toEqual({ version: 1, durationMs: 10_000 })
    expect(openedAt).toBe(Date.now() - 220)
  })

  test.each<[string, string]>([
    ["not JSON", "{oops"],
    ["empty", ""],
    ["null", "null"],
    ["a number", "42"],
    ["a list", "[]"],
    ["from another library", '{"state":"open","until":99999999999999}'],
    ["only a version", '{"version":1}'],
    ["with invalid times", '{"version":1,"at":"now","openedAt":null,"durationMs":-1,"leases":[],"snapshot":{}}'],
    ["without a snapshot", `{"version":1,"at":${start},"openedAt":${start},"durationMs":1,"leases":[],"snapshot":{}}`],
  ])("is dropped when it is %s", async (_, text) => {
    const storage = new FakeStorage()
    storage.setItem(key, text)
    const subject = client(storage)
    await goThroughAll(subject)
    expect(subject.errors).toEqual([])
    expect(JSON.parse(storage.getItem(key)!)).toMatchObject({ version: 1, snapshot: { state: "closed" } })
  })

  test.each<[string, (record: any) => unknown]>([
    ["of another version", (record) => ({ ...record, version: 2 })],
    ["written in the future", (record) => ({ ...record, at: record.at + hour })],
    ["opened in the future", (record) => ({ ...record, openedAt: record.openedAt + hour })],
  ])("is dropped when it is %s", async (_, change) => {
    const storage = await recordWith(change)
    const subject = client(storage)
    expect(subject.breaker.state).toBe("closed")
    await goThroughAll(subject)
    expect(subject.errors).toEqual([])
  })

  test("cannot keep a breaker open for longer than its period", async () => {
    const storage = await recordWith(({ snapshot, ...record }) => ({
      ...record,
      snapshot: { ...snapshot, remaining: hour, openFor: hour },
    }))
    const { breaker } = client(storage)
    expect(breaker.state).toBe("open")
    expect(breaker.retryAfter).toBeLessThanOrEqual(10_000)
  })

  test.each([0, 1, 500, 1_000])("has at most its whole period left when the clock was set back by %i ms", async (step) => {
    const storage = await recordWith((record) => record)
    vi.setSystemTime(Date.now() - step)
    const { breaker } = client(storage)
    expect(breaker.retryAfter).toBeLessThanOrEqual(10_000)
  })

  test("is dropped when the clock is set an hour back, and is over when it is set forward", async () => {
    const storage = await recordWith((record) => record)
    const page = client(storage)
    expect(page.breaker.state).toBe("open")
    vi.setSystemTime(Date.now() - hour)
    const back = client(storage)
    expect(back.breaker.state).toBe("closed")
    expect(await call(back, succeed)).toBe("up")
    expect(page.breaker.state).toBe("open")
    vi.setSystemTime(Date.now() + 2 * hour)
    const forth = client(storage)
    // By this clock the period is over, as the first call finds out.
    expect(await call(forth, succeed)).toBe("up")
    expect(forth.breaker.state).toBe("closed")
    expect([...page.errors, ...back.errors, ...forth.errors]).toEqual([])
  })

  test("still works if a crash has restored an older version", async () => {
    const storage = new FakeStorage()
    const before = client(storage)
    await failures(before, 3)
    const old = storage.getItem(key)!
    await failures(before, 3)
    await vi.advanceTimersByTimeAsync(10_001)
    void before.breaker.execute(() => new Promise<never>(() => {}))
    await settle()
    const halfOpen = storage.getItem(key)!
    expect(JSON.parse(halfOpen).leases).toHaveLength(1)

    storage.setItem(key, old)
    const streak = client(storage)
    await failures(streak, 3)
    expect(streak.breaker.state).toBe("open")

    storage.clear()
    storage.setItem(key, halfOpen)
    await vi.advanceTimersByTimeAsync(10_001)
    const probe = client(storage)
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await call(probe, succeed)).toBe("up")
    expect(probe.breaker.state).toBe("closed")
    expect([...before.errors, ...streak.errors, ...probe.errors]).toEqual([])
  })

  test("is not changed by the probe of a lease that it no longer has after a crash", async () => {
    const storage = new FakeStorage()
    const one = client(storage)
    await failures(one, 6)
    const old = storage.getItem(key)!
    await vi.advanceTimersByTimeAsync(10_001)
    const answer = pending<string>()
    const probe = one.breaker.execute(() => answer.promise)
    await settle()
    storage.setItem(key, old)
    answer.resolve("up")
    await probe
    await settle()
    expect(storage.getItem(key)).toBe(old)
  })

  test("is found among 10 000 other keys, and they do not change", async () => {
    const storage = new FakeStorage()
    for (let i = 0; i < 10_000; i++) storage.setItem(`webbreaker:${i}`, "theirs")
    const one = client(storage)
    await failures(one, 6)
    expect(client(storage).breaker.state).toBe("open")
    expect([...storage.items.values()].filter((value) => value === "theirs")).toHaveLength(10_000)
    expect(storage.items.size).toBe(10_001)
  })
})

test("localStorageStore() keeps its records under its prefix", async () => {
  const storage = new FakeStorage()
  const store = localStorageStore({ storage, prefix: "mine/" })
  await failures({ breaker: new CircuitBreaker({ name: "api", store }), errors: [] }, 6)
  expect([...storage.items.keys()]).toEqual(["mine/api"])
})

describe("A page", () => {
  let page: EventTarget
  let storage: FakeStorage
  beforeEach(() => {
    page = new EventTarget()
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    storage = new FakeStorage()
  })

  test("learns of what it missed in the back/forward cache", async () => {
    const { breaker } = client(storage)
    await failures(client(storage), 6)
    expect(breaker.state).toBe("closed")
    page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }))
    expect(breaker.state).toBe("open")
  })

  test.each(["that has opened", "that knows of it"])("%s does not close because of a tab that has not seen it", async (which) => {
    const elsewhere = new EventTarget()
    if (which === "that knows of it") vi.stubGlobal("addEventListener", elsewhere.addEventListener.bind(elsewhere))
    const one = client(storage)
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    await failures(one, 3)
    const stale = storage.getItem(key)!
    await failures(one, 3)
    const subject = which === "that has opened" ? one : client(storage)
    const opened = storage.getItem(key)
    storage.setItem(key, stale)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    expect([subject.breaker.state, storage.getItem(key)]).toEqual(["open", opened])
    // But what is done by hand is done after it was seen, and an open period ends.
    const other = client(storage)
    other.breaker.reset()
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    expect(subject.breaker.state).toBe("closed")
    other.breaker.trip()
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    await vi.advanceTimersByTimeAsync(10_001)
    storage.setItem(key, stale)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    expect(storage.getItem(key)).toBe(stale)
  })

  test("does not close either when a fixed window ends in that tab meanwhile", async () => {
    const settings = { ...consecutiveFailures(3), interval: 1_000 }
    const one = client(storage, settings)
    await failures(one, 2)
    const late = new FakeStorage()
    late.setItem(key, storage.getItem(key)!)
    await vi.advanceTimersByTimeAsync(450)
    await failures(one, 1)
    expect(one.breaker.state).toBe("open")
    const opened = storage.getItem(key)
    await failures(client(late, settings), 1)
    storage.setItem(key, late.getItem(key)!)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    expect([one.breaker.state, storage.getItem(key)]).toEqual(["open", opened])
  })

  test("lets a record begin anew after the storage was cleared", async () => {
    const one = client(storage)
    one.breaker.trip()
    await vi.advanceTimersByTimeAsync(0)
    storage.clear()
    page.dispatchEvent(Object.assign(new Event("storage"), { key: null }))
    await failures(one, 2)
    expect([one.breaker.state, client(storage).breaker.state]).toEqual(["closed", "closed"])
  })

  test("closes with a reset() of a page whose window is another", async () => {
    const rate = failureRate({ threshold: 0.5, minimumRequests: 3, within: 10_000 })
    const [one, other] = [client(storage), client(storage, rate)]
    one.breaker.trip()
    await settle()
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    other.breaker.reset()
    await settle()
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    expect([one.breaker.state, other.breaker.state]).toEqual(["closed", "closed"])
  })

  test("closes what others had opened when the storage is cleared", async () => {
    await failures(client(storage), 6)
    const { breaker } = client(storage)
    expect(breaker.state).toBe("open")
    storage.clear()
    page.dispatchEvent(Object.assign(new Event("storage"), { key: null }))
    expect(breaker.state).toBe("closed")
  })
})

describe("A tab that leads the half-open state", () => {
  const timeout = 1_000
  let locks: ReturnType<typeof fakeLocks>
  /** While set, the answer to the next request for a lock comes when this is settled. */
  let late: Promise<void> | undefined
  const request = (name: string, options: unknown, use: (lock: object | null) => unknown): Promise<unknown> =>
    locks.request(name, options as never, (async (lock: object | null) => {
      const wait = late
      late = undefined
      await wait
      return use(lock)
    }) as never)
  let storage: FakeStorage
  let calls: number
  const probe = (): Promise<never> => ((calls += 1), pending<never>().promise)
  beforeEach(() => {
    calls = 0
    locks = fakeLocks()
    vi.stubGlobal("navigator", { locks: { request } })
    storage = new FakeStorage()
  })

  /** A tab that has just opened, by hand, what the others take over; and two others. */
  async function opened(): Promise<Client[]> {
    const leader = client(storage, { timeout })
    leader.breaker.trip()
    await settle()
    const tabs = [leader, client(storage, { timeout }), client(storage, { timeout })]
    await vi.advanceTimersByTimeAsync(timeout)
    return tabs
  }

  /** The tab makes a call, and hears that it leads only when the function that this returns is called. */
  async function getStuck({ breaker }: Client): Promise<() => void> {
    let thaw!: () => void
    late = new Promise((resolve) => (thaw = resolve))
    breaker.execute(probe).catch(() => {})
    await vi.advanceTimersByTimeAsync(0)
    expect(late).toBeUndefined()
    return thaw
  }

  async function untilAdmitted({ breaker }: Client): Promise<number> {
    for (let waited = 0; waited < 60_000; waited += 500) {
      const call = breaker.execute(succeed).catch(() => "down")
      await vi.advanceTimersByTimeAsync(500)
      if ((await call) === "up") return waited
    }
    return Infinity
  }

  test("and is frozen after its last call has ended does not keep the others waiting", async () => {
    const [leader, other] = await opened()
    const controller = new AbortController()
    const call = leader!.breaker.execute(() => pending().promise, { signal: controller.signal }).catch(() => {})
    await settle()
    vi.stubGlobal("setTimeout", () => 0)
    controller.abort()
    await call
    await vi.advanceTimersByTimeAsync(0)
    vi.unstubAllGlobals()
    vi.stubGlobal("navigator", { locks: { request } })
    expect(JSON.parse(storage.getItem(key)!)).toMatchObject({ leases: [], snapshot: { state: "half-open" } })
    expect(await untilAdmitted(other!)).toBeLessThan(3 * timeout)
  })

  test("and is frozen before it makes a call, like the one after it, does not keep the others waiting", async () => {
    const [leader, other, third] = await opened()
    await getStuck(leader!)
    await call(other!, succeed).catch(() => {})
    await vi.advanceTimersByTimeAsync(1.5 * timeout)
    await getStuck(other!)
    expect(await untilAdmitted(third!)).toBeLessThan(6 * timeout)
  })

  test("and has given it back is not passed over by a tab that was refused before, beside one that was not", async () => {
    const [leader, other, third] = await opened()
    const controller = new AbortController()
    const first = leader!.breaker.execute(() => pending().promise, { signal: controller.signal }).catch(() => {})
    await settle()
    await call(other!, succeed).catch(() => {})
    controller.abort()
    await first
    await vi.advanceTimersByTimeAsync(20 * timeout)
    for (const { breaker } of [third!, other!]) breaker.execute(probe).catch(() => {})
    await vi.advanceTimersByTimeAsync(500)
    expect(calls).toBe(1)
  })

  test("and seemed to be stuck makes no call beside that of the tab that passed over it", async () => {
    const [leader, other] = await opened()
    const thaw = await getStuck(leader!)
    await call(other!, succeed).catch(() => {})
    await vi.advanceTimersByTimeAsync(1.5 * timeout)
    other!.breaker.execute(probe).catch(() => {})
    await vi.advanceTimersByTimeAsync(1)
    thaw()
    await vi.advanceTimersByTimeAsync(500)
    expect(calls).toBe(1)
  })

  test("and comes back just before it is passed over makes the only call, though its lease is seen a moment later", async () => {
    const [leader] = await opened()
    const thaw = await getStuck(leader!)
    // The storage as another process sees it, which it takes a while to reach.
    const elsewhere = new FakeStorage()
    const show = (): void => storage.items.forEach((value, key) => elsewhere.setItem(key, value))
    show()
    const other = client(elsewhere, { timeout })
    await call(other, succeed).catch(() => {})
    await vi.advanceTimersByTimeAsync(1.5 * timeout)
    other.breaker.execute(probe).catch(() => {})
    thaw()
    setTimeout(show, 20)
    await vi.advanceTimersByTimeAsync(500)
    expect(calls).toBe(1)
  })

  test.each([0, 3_600_000])("is passed over as soon although the clock was set %i ms back", async (step) => {
    const [leader, other] = await opened()
    await getStuck(leader!)
    vi.setSystemTime(Date.now() + step)
    await call(other!, succeed).catch(() => {})
    vi.setSystemTime(Date.now() - step)
    expect(await untilAdmitted(other!)).toBeLessThan(4 * timeout)
  })

  test("and was elected for a state that is over makes no call beside that of the present leader", async () => {
    const [leader, other, third] = await opened()
    const thaw = await getStuck(leader!)
    other!.breaker.reset()
    other!.breaker.trip()
    await vi.advanceTimersByTimeAsync(timeout + 1)
    third!.breaker.execute(probe).catch(() => {})
    await vi.advanceTimersByTimeAsync(10)
    expect(calls).toBe(1)
    thaw()
    await vi.advanceTimersByTimeAsync(10)
    expect(calls).toBe(1)
  })
})

describe("Breakers of one name in one page", () => {
  /** Two breakers with the same store. */
  function pair(): [Client, Client] {
    const store = localStorageStore({ storage: new FakeStorage() })
    const make = (): Client => ({ breaker: new CircuitBreaker({ name: "api", timeout: 10_000, store }), errors: [] })
    return [make(), make()]
  }

  test("learn at once what is done to one of them by hand", async () => {
    const [one, other] = pair()
    one.breaker.trip()
    await settle()
    expect(other.breaker.state).toBe("open")
    other.breaker.reset()
    await settle()
    expect(one.breaker.state).toBe("closed")
  })

  test("open together, and close together after the probe of one", async () => {
    vi.stubGlobal("navigator", { locks: fakeLocks() })
    const [one, other] = pair()
    await call(other, succeed)
    for (const subject of [one, other, one, one, one, one]) await failures(subject, 1)
    expect([one.breaker.state, other.breaker.state]).toEqual(["open", "open"])
    await vi.advanceTimersByTimeAsync(10_001)
    expect(await call(one, succeed)).toBe("up")
    expect([one.breaker.state, other.breaker.state]).toEqual(["closed", "closed"])
    expect(await call(other, succeed)).toBe("up")
  })

  test("do not hold their own failures for those of others", async () => {
    const [one] = pair()
    for (let i = 0; i < 7; i++) {
      const failure = failures(one, 1)
      expect(await call(one, succeed)).toBe("up")
      await failure
    }
    expect(one.breaker.state).toBe("closed")
  })
})

describe("A streak in the page's storage", () => {
  test("continues in the next page", async () => {
    const storage = new FakeStorage()
    await failures(client(storage), 3)
    const next = client(storage)
    await failures(next, 3)
    expect(next.breaker.state).toBe("open")
  })

  test("ends with a success in the next page, at the cost of one write", async () => {
    const storage = new FakeStorage()
    await failures(client(storage), 3)
    const next = client(storage)
    const { writes } = storage
    for (let i = 0; i < 1_000; i++) await next.breaker.execute(succeed)
    expect(storage.writes).toBe(writes + 1)
    const last = client(storage)
    await failures(last, 3)
    expect(last.breaker.state).toBe("closed")
  })

  test("ends with a success of another tab that knows of it", async () => {
    const page = new EventTarget()
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    const storage = new FakeStorage()
    const other = client(storage)
    const one = client(storage)
    await failures(one, 3)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    await call(other, succeed)
    const last = client(storage)
    await failures(last, 3)
    expect(last.breaker.state).toBe("closed")
  })

  test("goes on with the failures of other tabs, whose earlier successes do not end it", async () => {
    const page = new EventTarget()
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    const storage = new FakeStorage()
    const tabs = Array.from({ length: 6 }, () => client(storage))
    for (const tab of tabs) await call(tab, succeed)
    for (const tab of tabs) {
      await failures(tab, 1)
      page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    }
    expect(tabs.map(({ breaker }) => breaker.state)).toEqual(Array(6).fill("open"))
  })

  test("does not make a window of calls forget successes", async () => {
    const page = new EventTarget()
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
    const storage = new FakeStorage()
    const rate = failureRate({ threshold: 0.5, minimumRequests: 3, last: 100 })
    const [healthy, failing] = [client(storage, rate), client(storage, rate)]
    for (let i = 0; i < 10; i++) await call(healthy, succeed)
    await failures(failing, 1)
    page.dispatchEvent(Object.assign(new Event("storage"), { key }))
    await failures(healthy, 3)
    expect(JSON.parse(storage.getItem(key)!).snapshot.counts).toMatchObject({ totalSuccesses: 10, totalFailures: 4 })
  })

  test("is not written by healthy calls", async () => {
    const storage = new FakeStorage()
    const { breaker } = client(storage)
    for (let i = 0; i < 10_000; i++) await breaker.execute(succeed)
    expect(storage.writes).toBe(0)
  })
})

test("A failure after very many healthy calls does not store them all", async () => {
  const storage = new FakeStorage()
  const subject = client(storage)
  for (let i = 0; i < 20_000; i++) await subject.breaker.execute(succeed)
  await failures(subject, 1)
  const { counts } = JSON.parse(storage.getItem(key)!).snapshot
  expect(counts).toMatchObject({ requests: 10_001, consecutiveFailures: 1 })
})

test("A record from a clock that had not been set keeps no breaker open", async () => {
  const storage = new FakeStorage()
  vi.setSystemTime(5_000)
  await failures(client(storage), 6)
  vi.setSystemTime(start)
  const subject = client(storage)
  expect(await call(subject, succeed)).toBe("up")
  expect(subject.breaker.state).toBe("closed")
})

test("A clock that begins in 1970 works, even with a window that begins before that", async () => {
  vi.setSystemTime(0)
  const storage = new FakeStorage()
  const rate = failureRate({ threshold: 0.5, minimumRequests: 3, within: 10_000 })
  for (let i = 0; i < 3; i++) await failures(client(storage, rate), 1)
  expect(client(storage, rate).breaker.state).toBe("open")
})

test("The claim of a tab does not overwrite the record of a breaker of any name", async () => {
  const storage = new FakeStorage()
  const [one, lead] = [client(storage), client(storage, { name: "api:lead" })]
  for (const subject of [one, lead]) await failures(subject, 6)
  await vi.advanceTimersByTimeAsync(10_001)
  expect(await call(one, succeed)).toBe("up")
  await settle()
  expect(storage.getItem("webbreaker:api:lead")).not.toBe(null)
})

test("Without locks, tabs make half-open calls even if the open period is shorter than a claim", async () => {
  const storage = new FakeStorage()
  const tabs = Array.from({ length: 3 }, () => client(storage, { timeout: 1 }))
  for (const tab of tabs) await failures(tab, 6).catch(() => {})
  let made = 0
  for (let i = 0; i < 20; i++) {
    for (const { breaker } of tabs) breaker.execute(async () => void (made += 1)).catch(() => {})
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(made).toBeGreaterThan(20)
  expect(tabs.map(({ breaker }) => breaker.state)).toEqual(["closed", "closed", "closed"])
})

test("Without locks, the claim of a tab that crashed keeps no other from the half-open call for longer than a lease", async () => {
  const storage = new FakeStorage()
  const crashed = client(storage)
  await failures(crashed, 6)
  await vi.advanceTimersByTimeAsync(10_001)
  crashed.breaker.execute(succeed).catch(() => {})
  await vi.advanceTimersByTimeAsync(100)
  const { items } = storage
  // Of what the tab wrote, only its claim is left: it crashed before it had a lease.
  const next = new FakeStorage()
  for (const [key, value] of items) next.setItem(key, value)
  expect([...next.items.keys()]).toEqual(["webbreaker:api", "lead:webbreaker:api"])
  await vi.advanceTimersByTimeAsync(9_000)
  await expect(call(client(next), succeed)).rejects.toThrow(/open/)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await call(client(next), succeed)).toBe("up")
})

test.each([
  ["rejected", () => Promise.reject(new DOMException("denied", "SecurityError"))],
  ["refused by an error", () => { throw new DOMException("denied", "SecurityError") }],
])("Tabs whose requests for a lock are %s make one half-open call together, as without locks", async (_, request) => {
  vi.stubGlobal("navigator", { locks: { request } })
  const storage = new FakeStorage()
  const tabs = Array.from({ length: 3 }, () => client(storage))
  for (const tab of tabs) await failures(tab, 6).catch(() => {})
  await vi.advanceTimersByTimeAsync(10_001)
  let made = 0
  for (const { breaker } of tabs) breaker.execute(async () => void (made += 1)).catch(() => {})
  await vi.advanceTimersByTimeAsync(500)
  expect(made).toBe(1)
  expect(JSON.parse(storage.getItem("webbreaker:api")!)).toMatchObject({ snapshot: { state: "closed" } })
})

describe("A lease in the page's storage", () => {
  test("lapses after the open period with a probeTimeout of 0, since its tab may be gone", async () => {
    const storage = new FakeStorage()
    const [one, other] = [client(storage, { probeTimeout: 0 }), client(storage, { probeTimeout: 0 })]
    for (const subject of [one, other]) await failures(subject, 6).catch(() => {})
    await vi.advanceTimersByTimeAsync(10_001)
    void one.breaker.execute(() => new Promise(() => {}))
    await settle()
    await vi.advanceTimersByTimeAsync(9_000)
    await expect(call(other, succeed)).rejects.toThrow(/open/)
    await vi.advanceTimersByTimeAsync(1_001)
    expect(await call(other, succeed)).toBe("up")
  })

  test("is granted at once to a page that opens after the period", async () => {
    const storage = new FakeStorage()
    await failures(client(storage), 6)
    await vi.advanceTimersByTimeAsync(hour)
    expect(await call(client(storage), succeed)).toBe("up")
  })

  test("lasts for a whole open period even in a page that opened near the end of one", async () => {
    const storage = new FakeStorage()
    await failures(client(storage), 6)
    await vi.advanceTimersByTimeAsync(9_500)
    const late = client(storage)
    await vi.advanceTimersByTimeAsync(1_000)
    const answer = pending<string>()
    const probe = late.breaker.execute(() => answer.promise)
    await settle()
    await vi.advanceTimersByTimeAsync(5_000)
    await expect(call(late, succeed)).rejects.toThrow(/half-open/)
    answer.resolve("up")
    await probe
    expect(late.breaker.state).toBe("closed")
  })

  test("is settled even if the breaker's own state has changed since", async () => {
    const storage = new FakeStorage()
    const one = client(storage)
    await failures(one, 6)
    await vi.advanceTimersByTimeAsync(10_001)
    const answer = pending<string>()
    const probe = one.breaker.execute(() => answer.promise)
    await settle()
    // The change stays local, as that of a lapse does.
    vi.spyOn(storage, "setItem").mockImplementationOnce(() => {
      throw new Error("full")
    })
    one.breaker.trip()
    await settle()
    answer.resolve("up")
    await probe
    await settle()
    expect(JSON.parse(storage.getItem(key)!)).toMatchObject({ leases: [], snapshot: { state: "closed" } })
  })

  test("keeps other tabs away even if its tab still holds the lock of the half-open state before", async () => {
    vi.stubGlobal("navigator", { locks: fakeLocks() })
    const storage = new FakeStorage()
    // Shorter than a lock is kept after a call. A hidden tab, whose timers are slow, keeps it for a minute.
    const settings = { timeout: 20 }
    const one = client(storage, settings)
    one.breaker.trip()
    await vi.advanceTimersByTimeAsync(21)
    await expect(one.breaker.execute(fail)).rejects.toBe(down)
    const other = client(storage, settings)
    await vi.advanceTimersByTimeAsync(21)
    const call = vi.fn(() => new Promise(() => {}))
    for (const { breaker } of [one, other]) breaker.execute(call).catch(() => {})
    await vi.advanceTimersByTimeAsync(5)
    expect(call).toHaveBeenCalledOnce()
  })

  describe("whose call never ends, in a tab that holds its lock,", () => {
    let storage: FailingStorage
    const settings = { probeTimeout: 5_000, isExcluded: (error: unknown) => error === "excluded" }
    const abandon = (): Promise<never> => Promise.reject("excluded")

    beforeEach(async () => {
      vi.stubGlobal("navigator", { locks: fakeLocks() })
      storage = new FailingStorage()
      const stuck = client(storage, settings)
      await failures(stuck, 6)
      await vi.advanceTimersByTimeAsync(10_001)
      void stuck.breaker.execute(() => new Promise(() => {}))
      await settle()
    })

    test("blocks no probe after the one that passed it over, whatever the outcome of that", async () => {
      const other = client(storage, settings)
      await vi.advanceTimersByTimeAsync(5_001)
      await expect(call(other, abandon)).rejects.toBe("excluded")
      expect(await call(other, succeed)).toBe("up")
      expect(other.breaker.state).toBe("closed")
    })

    test("blocks no probe of a new record", async () => {
      storage.clear()
      const other = client(storage, settings)
      await failures(other, 6)
      await vi.advanceTimersByTimeAsync(10_001)
      expect(await call(other, succeed)).toBe("up")
    })

    test("blocks no later probe if the storage fails while a tab passes it over", async () => {
      const other = client(storage, settings)
      await vi.advanceTimersByTimeAsync(5_001)
      const probe = other.breaker.execute(abandon)
      // By now the tab has asked for the lock, and has not read the record yet.
      storage.broken = "denied"
      await expect(probe).rejects.toBe("excluded")
      storage.broken = undefined
      await vi.advanceTimersByTimeAsync(10_001)
      expect(await call(client(storage, settings), succeed)).toBe("up")
    })
  })

  test("changes nothing if its call ends after it was passed over", async () => {
    const storage = new FakeStorage()
    const settings = { probeTimeout: 1_000, timeout: 2_000 }
    const [one, other] = [client(storage, settings), client(storage, settings)]
    for (const subject of [one, other]) await failures(subject, 6).catch(() => {})
    await vi.advanceTimersByTimeAsync(2_001)
    const answer = pending<string>()
    const late = one.breaker.execute(() => answer.promise)
    await settle()
    await vi.advanceTimersByTimeAsync(1_001)
    await failures(other, 1)
    const record = storage.getItem(key)
    expect(JSON.parse(record!)).toMatchObject({ snapshot: { state: "open", opens: 2 } })
    answer.resolve("up")
    expect(await late).toBe("up")
    await settle()
    expect(storage.getItem(key)).toBe(record)
    expect(one.breaker.state).toBe("open")
  })
})

test("localStorageStore() adds its listeners once for all breakers", () => {
  const listen = vi.fn()
  vi.stubGlobal("addEventListener", listen)
  const store = localStorageStore({ storage: new FakeStorage() })
  for (let i = 0; i < 10; i++) new CircuitBreaker({ name: `${i}`, store })
  expect(listen.mock.calls.map(([type]) => type)).toEqual(["storage", "pageshow"])
})

test.each([
  [{ storage: "local" }, 'storage must be a Storage: got "local"'],
  [{ storage: {} }, "storage must be a Storage: got [object Object]"],
  [{ prefix: 1 }, "prefix must be a string: got 1"],
])("localStorageStore(%j) says what is wrong", (settings, message) => {
  expect(() => localStorageStore(settings as never)).toThrow(message)
})

test("localStorageStore() accepts null, which is the storage of some browsers, and goes on without it", async () => {
  const store = localStorageStore({ storage: null })
  const breaker = new CircuitBreaker({ name: "api", store })
  expect(await breaker.execute(() => "up")).toBe("up")
})
