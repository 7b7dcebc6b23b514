/**
 * The cases that every store passes. `open` gives a fresh place to share, and a store for each client
 * of it: a tab, an isolate, a process.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { CircuitBreaker, type BreakerStore, type Settings } from "../../src/index.ts"

export interface SharedPlace {
  client(): BreakerStore
}

const fail = (): Promise<never> => Promise.reject(new Error("down"))
const succeed = (): Promise<string> => Promise.resolve("up")
const swallow = (): void => {}

/** Lets exchanges that are under way come to their end. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(200)

export function storeContract(name: string, open: () => SharedPlace): void {
  describe(`${name} as a store`, () => {
    let place: SharedPlace
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout", "clearTimeout"], now: 1_800_000_000_000 })
      place = open()
    })
    afterEach(() => {
      vi.useRealTimers()
    })

    const breaker = (settings: Settings = {}): CircuitBreaker =>
      new CircuitBreaker({ name: "api", timeout: 10_000, ...settings, store: place.client() })

    /** A call that may have to wait for the store. */
    async function call<T>(subject: CircuitBreaker, request: () => Promise<T>): Promise<T> {
      const result = subject.execute(request)
      result.catch(swallow)
      await settle()
      return result
    }

    async function failures(subject: CircuitBreaker, count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        await call(subject, fail).catch(swallow)
      }
    }

    test("opens all at failures of one", async () => {
      const [one, other] = [breaker(), breaker()]
      await failures(one, 6)
      expect(one.state).toBe("open")
      await failures(other, 1)
      expect(other.state).toBe("open")
      expect(other.retryAfter).toBeGreaterThan(9_000)
      expect(other.retryAfter).toBeLessThanOrEqual(10_000)
    })

    test("adds up failures that none has enough of #66", async () => {
      const clients = [breaker(), breaker(), breaker()]
      for (const client of clients) await failures(client, 2)
      expect(clients[2]?.state).toBe("open")
    })

    test("ends a streak by the successes of another", async () => {
      const [one, other] = [breaker(), breaker()]
      await failures(one, 3)
      await call(other, succeed)
      await failures(other, 3)
      await settle()
      expect([one.state, other.state]).toEqual(["closed", "closed"])
    })

    test.each([1, 3])("makes %i half-open calls of all together #65", async (maxRequests) => {
      const clients = [breaker({ maxRequests }), breaker({ maxRequests }), breaker({ maxRequests })]
      for (const client of clients) await failures(client, 6)
      await vi.advanceTimersByTimeAsync(10_001)
      let made = 0
      let release!: () => void
      const gate = new Promise<void>((resolve) => (release = resolve))
      const probe = async (): Promise<void> => {
        made += 1
        await gate
      }
      const calls = clients.flatMap((client) =>
        Array.from({ length: 10 }, () => client.execute(probe).then(() => undefined, (error: unknown) => error as { retryAfter: number })),
      )
      await settle()
      expect(made).toBe(maxRequests)
      release()
      const rejections = (await Promise.all(calls)).filter((error) => error !== undefined)
      expect(rejections).toHaveLength(30 - maxRequests)
      for (const { retryAfter } of rejections) expect(retryAfter).toBeGreaterThan(0)
      await vi.advanceTimersByTimeAsync(2_000)
      for (const client of clients) await call(client, succeed)
      await settle()
      expect(clients.map((client) => client.state)).toEqual(["closed", "closed", "closed"])
    })

    test("frees the lease of a probe that never ends", async () => {
      const [one, other] = [breaker({ probeTimeout: 5_000 }), breaker({ probeTimeout: 5_000 })]
      for (const client of [one, other]) await failures(client, 6)
      await vi.advanceTimersByTimeAsync(10_001)
      void one.execute(() => new Promise<never>(() => {}))
      await settle()
      await expect(call(other, succeed)).rejects.toThrow(/open/)
      await vi.advanceTimersByTimeAsync(5_100)
      expect(await call(other, succeed)).toBe("up")
      await settle()
      expect(other.state).toBe("closed")
    })

    test("gives back the lease of a probe that its caller aborted", async () => {
      const [one, other] = [breaker(), breaker()]
      for (const client of [one, other]) await failures(client, 6)
      await vi.advanceTimersByTimeAsync(10_001)
      const controller = new AbortController()
      const aborted = one.execute(() => new Promise<never>(() => {}), { signal: controller.signal }).catch(swallow)
      await settle()
      controller.abort()
      await aborted
      await settle()
      expect(await call(other, succeed)).toBe("up")
    })

    test("opens for all again when a probe fails, for longer by the backoff", async () => {
      const timeout = ({ opens }: { opens: number }): number => 10_000 * opens
      const [one, other] = [breaker({ timeout }), breaker({ timeout })]
      for (const client of [one, other]) await failures(client, 6)
      await vi.advanceTimersByTimeAsync(10_001)
      await failures(one, 1)
      expect(one.state).toBe("open")
      expect(one.retryAfter).toBeGreaterThan(19_000)
      await expect(call(other, succeed)).rejects.toThrow(/open/)
      expect(other.retryAfter).toBeGreaterThan(19_000)
    })

    test("passes on what is done by hand", async () => {
      const [one, other] = [breaker(), breaker()]
      one.trip()
      await settle()
      await failures(other, 1)
      expect(other.state).toBe("open")
      one.reset()
      await settle()
      await vi.advanceTimersByTimeAsync(10_001)
      expect(await call(other, succeed)).toBe("up")
    })

    test("is not asked by healthy calls", async () => {
      const store = place.client()
      const link = store.link.bind(store)
      let told = 0
      const subject = new CircuitBreaker({
        name: "api",
        store: {
          link(host) {
            const inner = link(host)
            return { ...inner, lease: (permit) => (told++, inner.lease(permit)), settled: (...args) => inner.settled(...args), forced: (state) => inner.forced(state) }
          },
        },
      })
      for (let i = 0; i < 1_000; i++) await subject.execute(succeed)
      expect(told).toBe(0)
    })

    test("keeps breakers of other names apart", async () => {
      const one = breaker()
      const other = breaker({ name: "other" })
      await failures(one, 6)
      await failures(other, 1)
      expect([one.state, other.state]).toEqual(["open", "closed"])
    })
  })
}
