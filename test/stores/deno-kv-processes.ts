/** The roles of several Deno processes that share one database, a file. */
import { CircuitBreaker, consecutiveFailures, type SharedRecord, type Settings } from "../../src/index.ts"
import { denoKvStore } from "../../src/stores/deno-kv/index.ts"
import { openKv } from "./deno-kv.ts"

/** The task of a process. */
export interface Task {
  readonly role: keyof typeof roles
  /** The file of the database. */
  readonly path: string
  readonly url: string
}

type Make = (settings?: Settings) => CircuitBreaker

// Long, so that the deadline has no effect even on a busy machine.
const PATIENT = 10_000

const fail = (): Promise<never> => Promise.reject(new Error("down"))
const succeed = (): Promise<string> => Promise.resolve("up")
const swallow = (): void => {}
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause()
}

function rejections(breaker: CircuitBreaker): Promise<unknown> {
  return Promise.all(Array.from({ length: 5 }, () => breaker.execute(succeed).catch((error) => error.code)))
}

const roles = {
  /** Fails three times. */
  async opens(make: Make, _: Task, record: () => Promise<SharedRecord>): Promise<unknown> {
    const breaker = make()
    for (let i = 0; i < 3; i++) await breaker.execute(fail).catch(swallow)
    await until(async () => (await record())?.snapshot.state === "open")
    return breaker.state
  },

  /** Runs while another process opens the breaker, and learns of that with its next failed call. */
  async hears(make: Make, _: Task, record: () => Promise<SharedRecord>): Promise<unknown> {
    const breaker = make()
    await until(async () => (await record())?.snapshot.state === "open")
    await breaker.execute(fail).catch(swallow)
    await until(() => breaker.state === "open")
    return rejections(breaker)
  },

  /** Starts later, and learns of the open breaker with its first call. */
  async joins(make: Make): Promise<unknown> {
    const breaker = make()
    await breaker.execute(succeed)
    await until(() => breaker.state === "open")
    return rejections(breaker)
  },

  /** Makes 25 failed calls in five breakers at once, and waits until the record has the failures of all processes. */
  async counts(make: Make, _: Task, record: () => Promise<SharedRecord>): Promise<unknown> {
    const breakers = Array.from({ length: 5 }, () => make({ readyToTrip: () => false }))
    await Promise.all(breakers.flatMap((breaker) => Array.from({ length: 5 }, () => breaker.execute(fail).catch(swallow))))
    const failures = async (): Promise<number> => (await record())?.snapshot.counts.totalFailures ?? 0
    await until(async () => (await failures()) >= 100)
    return failures()
  },

  async trips(make: Make, _: Task, record: () => Promise<SharedRecord>): Promise<unknown> {
    make({ timeout: 1_000 }).trip()
    await until(async () => (await record())?.snapshot.state === "open")
    return "open"
  },

  /** Makes ten calls that hang once it is half-open, and waits until each is made or rejected. */
  async probes(make: Make, { url }: Task): Promise<unknown> {
    const breaker = make({ maxRequests: 2, timeout: 1_000, probeTimeout: 100_000 })
    await breaker.execute(succeed)
    await until(() => breaker.state === "half-open")
    let made = 0
    let rejected = 0
    for (let i = 0; i < 10; i++) {
      const probe = async (): Promise<void> => {
        await fetch(url)
        made += 1
        await new Promise(swallow)
      }
      breaker.execute(probe).catch(() => (rejected += 1))
    }
    await until(() => made + rejected === 10)
    return made
  },
}

/** Plays a role. */
export async function play(task: Task): Promise<unknown> {
  const kv = await openKv(task.path)
  const make: Make = (settings) => new CircuitBreaker({ name: "api", ...consecutiveFailures(3), ...settings, store: denoKvStore(kv, { deadline: PATIENT }) })
  return roles[task.role](make, task, async () => (await kv.get(["webbreaker", "api"])).value as SharedRecord)
}
