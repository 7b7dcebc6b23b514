/**
 * The cases that every store must pass, in any runtime. `open` makes a new place to share, which has a
 * store for each of its clients: a tab, an isolate, a process.
 */
import { CircuitBreaker, failureRate, type BreakerStore, type Settings } from "../../src/index.ts"
import type { Assertions } from "../runtimes/assertions.ts"

export interface SharedPlace {
  client(): BreakerStore
}

/** Controls the clocks. */
export interface TestTime {
  /** Moves the clocks forward, and waits until pending work is done. */
  pass(ms: number): Promise<unknown>
}

export interface ContractCase {
  readonly name: string
  run(t: Assertions): Promise<void>
}

const fail = (): Promise<never> => Promise.reject(new Error("down"))
const succeed = (): Promise<string> => Promise.resolve("up")
const never = (): Promise<never> => new Promise(() => {})
const swallow = (): void => {}

export function contractCases(open: () => SharedPlace | Promise<SharedPlace>, time: TestTime): ContractCase[] {
  /** Makes breakers. Each is a new client of a place that no other case uses. */
  type Make = (settings?: Settings) => CircuitBreaker
  const inPlace = (name: string, run: (t: Assertions, breaker: Make, place: SharedPlace) => Promise<void>): ContractCase => ({
    name,
    async run(t) {
      const place = await open()
      const breaker: Make = (settings) => new CircuitBreaker({ name: "api", timeout: 10_000, ...settings, store: place.client() })
      await run(t, breaker, place)
    },
  })

  const settle = (): Promise<unknown> => time.pass(200)

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

  async function isRejected(t: Assertions, subject: CircuitBreaker): Promise<void> {
    const error = (await t.rejects(call(subject, succeed))) as Error
    t.match(error.message, /open/)
  }

  const limitsProbes = (maxRequests: number): ContractCase =>
    inPlace(`makes ${maxRequests} half-open calls of all clients together #65`, async (t, breaker) => {
      const clients = [breaker({ maxRequests }), breaker({ maxRequests }), breaker({ maxRequests })]
      for (const client of clients) await failures(client, 6)
      await time.pass(10_001)
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
      t.equal(made, maxRequests)
      release()
      const rejections = (await Promise.all(calls)).filter((error) => error !== undefined)
      t.equal(rejections.length, 30 - maxRequests)
      for (const { retryAfter } of rejections) t.ok(retryAfter > 0, `retryAfter is ${retryAfter}`)
      await time.pass(2_000)
      for (const client of clients) await call(client, succeed)
      await settle()
      t.deepEqual(clients.map((client) => client.state), ["closed", "closed", "closed"])
    })

  return [
    inPlace("opens all breakers after failures of one", async (t, breaker) => {
      const [one, other] = [breaker(), breaker()]
      await failures(one, 6)
      t.equal(one.state, "open")
      await failures(other, 1)
      t.equal(other.state, "open")
      t.between(other.retryAfter, 9_000, 10_000)
    }),

    inPlace("adds up the failures of several breakers #66", async (t, breaker) => {
      const clients = [breaker(), breaker(), breaker()]
      for (const client of clients) await failures(client, 2)
      t.equal(clients[2]?.state, "open")
    }),

    inPlace("adds up the slow calls of several breakers", async (t, breaker) => {
      const rule: Settings = { slowCallDuration: 300, readyToTrip: ({ totalSlow }) => totalSlow >= 6 }
      const clients = [breaker(rule), breaker(rule), breaker(rule)]
      for (const client of [...clients, ...clients]) {
        let end!: () => void
        const slow = client.execute(() => new Promise<void>((resolve) => (end = resolve)))
        await time.pass(400)
        end()
        await slow
        await settle()
      }
      t.equal(clients[2]?.state, "open")
    }),

    inPlace("ends a streak with a success of another breaker", async (t, breaker) => {
      const [one, other] = [breaker(), breaker()]
      await failures(one, 3)
      await call(other, succeed)
      await failures(other, 3)
      await settle()
      t.deepEqual([one.state, other.state], ["closed", "closed"])
    }),

    inPlace("passes on an opening by a rate, whatever succeeded before", async (t, breaker) => {
      const rate = failureRate({ threshold: 0.5, minimumRequests: 8, within: 10_000 })
      const one = breaker(rate)
      for (let i = 0; i < 6; i++) await call(one, succeed).then(() => time.pass(300))
      for (let i = 0; i < 4; i++) await call(one, succeed).then(() => time.pass(1_000))
      for (let i = 0; i < 30 && one.state === "closed"; i++) await failures(one, 1).then(() => time.pass(400))
      t.equal(one.state, "open")
      const next = breaker(rate)
      await call(next, succeed).catch(swallow)
      await isRejected(t, next)
    }),

    limitsProbes(1),
    limitsProbes(3),

    inPlace("frees the lease of a probe that never ends", async (t, breaker) => {
      const [one, other] = [breaker({ probeTimeout: 5_000 }), breaker({ probeTimeout: 5_000 })]
      for (const client of [one, other]) await failures(client, 6)
      await time.pass(10_001)
      void one.execute(never)
      await settle()
      await isRejected(t, other)
      await time.pass(5_100)
      t.equal(await call(other, succeed), "up")
      await settle()
      t.equal(other.state, "closed")
    }),

    inPlace("closes with the others after a probe of its own that never ends", async (t, breaker) => {
      const [one, other] = [breaker(), breaker()]
      for (const client of [one, other]) await failures(client, 6)
      await time.pass(10_001)
      void one.execute(never)
      await settle()
      await time.pass(10_100)
      await isRejected(t, one)
      t.equal(await call(other, succeed), "up")
      await time.pass(1_000)
      // This call may still be rejected, but it asks the store.
      await call(one, succeed).catch(swallow)
      t.equal(await call(one, succeed), "up")
    }),

    inPlace("does not stay half-open after a probe of its own that never ends, with a probeTimeout of 0", async (t, breaker) => {
      const one = breaker({ probeTimeout: 0 })
      await failures(one, 6)
      await time.pass(10_001)
      void one.execute(never)
      await settle()
      await time.pass(20_100)
      t.equal(await call(one, succeed), "up")
    }),

    inPlace("gives back the lease of a probe that its caller aborted", async (t, breaker) => {
      const [one, other] = [breaker(), breaker()]
      for (const client of [one, other]) await failures(client, 6)
      await time.pass(10_001)
      const controller = new AbortController()
      const aborted = one.execute(never, { signal: controller.signal }).catch(swallow)
      await settle()
      controller.abort()
      await aborted
      await settle()
      t.equal(await call(other, succeed), "up")
    }),

    inPlace("opens all breakers again when a probe fails, for longer with a backoff", async (t, breaker) => {
      const timeout = ({ opens }: { opens: number }): number => 10_000 * opens
      const [one, other] = [breaker({ timeout }), breaker({ timeout })]
      for (const client of [one, other]) await failures(client, 6)
      await time.pass(10_001)
      await failures(one, 1)
      t.equal(one.state, "open")
      t.between(one.retryAfter, 19_000, 20_000)
      await isRejected(t, other)
      t.between(other.retryAfter, 19_000, 20_000)
    }),

    inPlace("passes on trip() and reset()", async (t, breaker) => {
      const [one, other] = [breaker(), breaker()]
      one.trip()
      await settle()
      await failures(other, 1)
      t.equal(other.state, "open")
      one.reset()
      await settle()
      const late = breaker()
      t.equal(await call(late, succeed), "up")
      t.equal(late.state, "closed")
      await time.pass(10_001)
      t.equal(await call(other, succeed), "up")
    }),

    inPlace("is not asked for leases by healthy calls", async (t, _, place) => {
      const store = place.client()
      let leases = 0
      const subject = new CircuitBreaker({
        name: "api",
        store: {
          link(host) {
            const link = store.link(host)
            return {
              lease: (...args) => (leases++, link.lease(...args)),
              get holdsBack() {
                return link.holdsBack
              },
              holdBack: () => link.holdBack(),
              settled: (...args) => link.settled(...args),
              rejected: (lapsed) => link.rejected(lapsed),
              forced: (state) => link.forced(state),
              isolated: () => link.isolated(),
            }
          },
        },
      })
      for (let i = 0; i < 1_000; i++) await subject.execute(succeed)
      t.equal(leases, 0)
    }),

    inPlace("keeps breakers of other names apart", async (t, breaker) => {
      const one = breaker()
      const other = breaker({ name: "other" })
      await failures(one, 6)
      await failures(other, 1)
      t.deepEqual([one.state, other.state], ["open", "closed"])
    }),
  ]
}
