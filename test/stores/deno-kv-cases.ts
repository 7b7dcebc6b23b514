/** The cases that run in Deno itself, with its own KV. */
import { CircuitBreaker, type SharedRecord, type Settings } from "../../src/index.ts"
import { createPolicy } from "../../src/core/policy.ts"
import { applyReport } from "../../src/core/shared.ts"
import { denoKvStore, type DenoKv, type DenoKvSettings, type KvSource } from "../../src/stores/deno-kv/index.ts"
import type { Case, Context } from "../runtimes/suite.ts"
import { contractCases } from "./contract-cases.ts"
import { openKv, type Kv } from "./deno-kv.ts"
import { shiftedTime } from "./shifted-time.ts"
import { runs } from "./runs.ts"

const time = shiftedTime()
const KEY = ["webbreaker", "api"]
const DAY = 86_400_000
// Long, so that the deadline has no effect even on a busy machine.
const PATIENT: DenoKvSettings = { deadline: 1_000 }

const fail = (): Promise<never> => Promise.reject(new Error("down"))
const succeed = (): Promise<string> => Promise.resolve("up")
const never = (): Promise<never> => new Promise(() => {})
const swallow = (): void => {}
const settle = (): Promise<unknown> => time.pass(0)

/** Opens a new database. */
function open(): Promise<Kv> {
  time.start()
  return openKv(":memory:")
}

/** A breaker with a store of its own, as in a process of its own. */
function client(kv: KvSource | (() => KvSource), settings: Settings = {}, store: DenoKvSettings = PATIENT): CircuitBreaker {
  return new CircuitBreaker({ name: "api", timeout: 10_000, ...settings, store: denoKvStore(kv, store) })
}

function clients(count: number, kv: Kv, settings?: Settings): CircuitBreaker[] {
  return Array.from({ length: count }, () => client(kv, settings))
}

/** Failed calls, one after the other, each reported before the next. */
async function failures(breaker: CircuitBreaker, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await breaker.execute(fail).catch(swallow)
    await settle()
  }
}

async function recordIn(kv: Kv): Promise<SharedRecord> {
  return (await kv.get(KEY)).value as SharedRecord
}

type Commit = () => Promise<{ ok: boolean }>

/** A database with replacements for `get` and `commit`. */
function between(kv: Kv, hooks: { get?: DenoKv["get"]; commit?: (commit: Commit) => ReturnType<Commit> }): DenoKv {
  return {
    get: hooks.get ?? ((key) => kv.get(key)),
    atomic() {
      const transaction = kv.atomic()
      const commit: Commit = () => transaction.commit()
      const wrapped = {
        check: (entry: Parameters<typeof transaction.check>[0]) => (transaction.check(entry), wrapped),
        set: (...args: Parameters<typeof transaction.set>) => (transaction.set(...args), wrapped),
        commit: () => (hooks.commit ? hooks.commit(commit) : commit()),
      }
      return wrapped
    },
  }
}

const conflicts: Case[] = [
  {
    name: "counts each of 200 failures that 40 clients report at once",
    async run(t) {
      const kv = await open()
      const all = clients(40, kv, { readyToTrip: () => false })
      await Promise.all(all.flatMap((breaker) => Array.from({ length: 5 }, () => breaker.execute(fail).catch(swallow))))
      await settle()
      t.equal((await recordIn(kv)).snapshot.counts.totalFailures, 200)
    },
  },
  {
    name: "opens once, at the failure that reaches the limit",
    async run(t) {
      const kv = await open()
      const all = clients(20, kv)
      await Promise.all(all.map((breaker) => breaker.execute(fail).catch(swallow)))
      await settle()
      const { snapshot } = await recordIn(kv)
      t.deepEqual([snapshot.state, snapshot.opens], ["open", 1])
    },
  },
  ...[1, 5].map(
    (maxRequests): Case => ({
      name: `grants leases to ${maxRequests} of 30 clients that ask at once`,
        async run(t) {
        const kv = await open()
        const all = clients(30, kv, { maxRequests })
        all[0]!.trip()
        await settle()
        for (const breaker of all.slice(1)) await breaker.execute(fail).catch(swallow)
        await settle()
        t.deepEqual(new Set(all.map(({ state }) => state)).size, 1)
        await time.pass(10_001)
        let made = 0
        const errors: unknown[] = []
        for (const breaker of all) breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
        const calls = all.map((breaker) =>
          breaker.execute(async () => {
            made += 1
            await never()
          }),
        )
        for (const call of calls) call.catch(swallow)
        await settle()
        t.deepEqual(errors.map(String), [])
        t.equal(made, maxRequests)
        t.equal((await recordIn(kv)).leases.length, maxRequests)
      },
    }),
  ),
  {
    name: "a report that loses all conflicts is given up, with an error, and its calls are sent with the next one",
    async run(t) {
      const kv = await open()
      let losing = true
      const conflict = between(kv, { commit: (commit) => (losing ? Promise.resolve({ ok: false }) : commit()) })
      const breaker = client(conflict, {}, { deadline: 100 })
      const errors: unknown[] = []
      breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
      await failures(breaker, 2)
      losing = false
      await failures(breaker, 1)
      t.equal((await recordIn(kv)).snapshot.counts.totalFailures, 3)
      t.deepEqual(errors.map(String), ['Error: Others kept changing the record of "api"'])
    },
  },
  {
    name: "a report that changes nothing is not written",
    async run(t) {
      const kv = await open()
      let commits = 0
      const counting = between(kv, { commit: (commit) => (commits++, commit()) })
      const [one, other, third] = [client(counting), client(counting), client(counting)]
      await failures(one, 6)
      t.equal(commits, 6)
      await failures(other, 1)
      t.deepEqual([other.state, commits], ["open", 6])
      await failures(third, 1)
      await time.pass(10_001)
      one.execute(never).catch(swallow)
      await settle()
      t.equal(commits, 7)
      await t.rejects(other.execute(succeed))
      await t.rejects(third.execute(succeed))
      t.equal(commits, 7)
    },
  },
  {
    name: "reports that a process makes during an exchange are sent together in the next one",
    async run(t) {
      const kv = await open()
      let commits = 0
      const store = denoKvStore(between(kv, { commit: (commit) => (commits++, commit()) }))
      const all = Array.from({ length: 50 }, () => new CircuitBreaker({ name: "api", store, readyToTrip: () => false }))
      await Promise.all(all.map((breaker) => breaker.execute(fail).catch(swallow)))
      await settle()
      t.equal((await recordIn(kv)).snapshot.counts.totalFailures, 50)
      t.equal(commits, 2)
    },
  },
]

/** Checks that the breaker goes on by itself, and that one event has the reason. */
async function goesOn(t: Context, breaker: CircuitBreaker, why: object): Promise<void> {
  const errors: unknown[] = []
  breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
  for (let i = 0; i < 6; i++) await t.rejects(breaker.execute(fail), { message: "down" })
  await settle()
  t.equal(breaker.state, "open")
  await time.pass(10_001)
  t.equal(await breaker.execute(succeed), "up")
  await settle()
  t.equal(breaker.state, "closed")
  t.equal(errors.length, 1, errors.map(String).join(", "))
  await t.rejects(Promise.reject(errors[0]), why)
}

const broken = (): Promise<never> => Promise.reject(new Error("broken"))
const throwing = (): never => {
  throw new Error("broken")
}

const failing: readonly (readonly [string, () => Promise<KvSource | (() => KvSource)>, object])[] = [
  ["closed", async () => closed(await open()), { name: "BadResource" }],
  ["whose reads fail", async () => between(await open(), { get: broken }), { message: "broken" }],
  ["whose writes fail", async () => between(await open(), { commit: broken }), { message: "broken" }],
  ["whose reads throw at once", async () => between(await open(), { get: throwing }), { message: "broken" }],
  ["that cannot be opened", async () => broken, { message: "broken" }],
  ["that throws when it is opened", async () => throwing, { message: "broken" }],
  ["that is not a database", async () => (() => ({})) as never, { name: "TypeError" }],
  ["that opens as undefined", async () => (async () => undefined) as never, { name: "TypeError" }],
]

function closed(kv: Kv): Kv {
  kv.close()
  return kv
}

const failureModes: Case[] = [
  {
    name: "a commit is retried while another process writes to the file, however long that takes",
    async run(t) {
      const kv = await open()
      let attempts = 0
      const locked = between(kv, { commit: (commit) => (++attempts % 20 ? Promise.reject(new TypeError("database is locked")) : commit()) })
      const breaker = client(locked)
      const errors: unknown[] = []
      breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
      await failures(breaker, 2)
      t.equal((await recordIn(kv)).snapshot.counts.totalFailures, 2)
      t.deepEqual(errors, [])
      t.equal(attempts, 40)
    },
  },
  ...failing.map(([what, source, why]): Case => ({
    name: `a database ${what} makes no call fail`,
    run: async (t) => goesOn(t, client(await source()), why),
  })),
  {
    name: "a promise of a database that rejects before the first call does not end the process",
    async run(t) {
      const breaker = client(broken() as Promise<Kv>)
      await settle()
      await goesOn(t, breaker, { message: "broken" })
    },
  },
  ...(["get", "commit"] as const).map(
    (where): Case => ({
      name: `a database that never answers a ${where} delays no call beyond the deadline`,
        async run(t) {
        const kv = await open()
        const breaker = client(between(kv, { [where]: never }), {}, { deadline: 50 })
        await goesOn(t, breaker, { name: "TimeoutError" })
      },
    }),
  ),
  {
    name: "a database that answers late keeps no lease for a call that has stopped waiting",
    async run(t) {
      const kv = await open()
      let release!: () => void
      const gate = new Promise<void>((resolve) => (release = resolve))
      let slow = false
      const late = between(kv, { get: async (key) => (slow && (await gate), kv.get(key)) })
      const breaker = client(late, {}, { deadline: 20 })
      await failures(breaker, 6)
      await time.pass(10_001)
      slow = true
      t.equal(await breaker.execute(succeed), "up")
      await settle()
      release()
      await settle()
      t.deepEqual((await recordIn(kv)).leases, [])
    },
  },
  {
    name: "a database that is closed between calls makes no call fail",
    async run(t) {
      const kv = await open()
      const breaker = client(kv)
      await failures(breaker, 3)
      kv.close()
      await failures(breaker, 3)
      t.equal(breaker.state, "open")
    },
  },
  {
    name: "a database that could not be opened is opened by a later call, and only once",
    async run(t) {
      const kv = await open()
      let opened = 0
      const breaker = client(() => (opened++ ? Promise.resolve(kv) : broken()))
      await failures(breaker, 5)
      t.equal(opened, 2)
      t.equal((await recordIn(kv)).snapshot.counts.totalFailures, 5)
    },
  },
  ...["nonsense", 7n, null, [], new Map(), { version: 2 }, { version: 1, at: 0, openedAt: 0, durationMs: 1, leases: [], snapshot: {} }].map(
    (value, index): Case => ({
      name: `an invalid record counts as an empty one (${index})`,
      async run(t) {
        const kv = await open()
        await kv.set(KEY, value)
        const breaker = client(kv)
        const errors: unknown[] = []
        breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
        await failures(breaker, 6)
        t.equal((await recordIn(kv)).snapshot.state, "open")
        t.deepEqual(errors, [])
      },
    }),
  ),
]

const records: Case[] = [
  {
    name: "keeps the record under the prefix and the name",
    async run(t) {
      const kv = await open()
      await failures(client(kv, { name: "https://a.example" }, { prefix: "mine" }), 1)
      t.equal(((await kv.get(["mine", "https://a.example"])).value as SharedRecord).version, 1)
      t.equal((await kv.get(KEY)).value, null)
    },
  },
  {
    name: "lets the record expire a day after its window or its open period, whatever their length",
    async run(t) {
      const lengths: readonly (readonly [Settings, number])[] = [
        [{}, DAY],
        [{ interval: 3_600_000.5 }, DAY + 3_600_001],
        [{ interval: 3_600_000, bucketPeriod: 1_000 }, DAY + 3_600_000],
        [{ readyToTrip: () => true, timeout: 2 * DAY }, 3 * DAY],
        [{ readyToTrip: () => true, timeout: Number.MAX_VALUE }, 1e12],
      ]
      for (const [settings, expected] of lengths) {
        const kv = await open()
        const seen: number[] = []
        const { atomic } = kv
        const watched = Object.assign(kv, {
          atomic() {
            const transaction = atomic.call(kv)
            const set = transaction.set.bind(transaction)
            return Object.assign(transaction, { set: (...args: Parameters<typeof set>) => (seen.push(args[2].expireIn), set(...args)) })
          },
        })
        await failures(client(watched, settings), 1)
        t.deepEqual(seen, [expected])
        t.equal((await recordIn(kv)).version, 1)
      }
    },
  },
  {
    name: "stores windows of as many calls as the docs promise",
    async run(t) {
      const kv = await open()
      const settings = { windowSize: 30_000, readyToTrip: () => false }
      const { record } = applyReport(undefined, createPolicy(settings, swallow), { runs: runs(0, 30_000) }, Date.now())
      await kv.set(KEY, record)
      const breaker = client(kv, settings)
      const errors: unknown[] = []
      breaker.addEventListener("storeerror", ({ error }) => errors.push(error))
      await failures(breaker, 1)
      t.deepEqual(errors.map(String), [])
      const { snapshot } = await recordIn(kv)
      t.deepEqual([snapshot.counts.consecutiveFailures, snapshot.window.calls.length], [30_001, 30_000])
    },
  },
]

export const cases: Case[] = [
  ...contractCases(async () => {
    const kv = await open()
    return { client: () => denoKvStore(kv, PATIENT) }
  }, time),
  ...conflicts,
  ...failureModes,
  ...records,
]
