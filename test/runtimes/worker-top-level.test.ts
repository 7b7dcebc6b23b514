/**
 * Breakers that are made at the top level of a Worker, where there is no clock, no timer and no randomness.
 * The requests, which share nothing else, use them. Without nodejs_compat.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import { bundle } from "./bundle.ts"
import type { WorkerdVersion } from "./workerd-version.ts"
import { workerdWith, type Workerd } from "./workerd-with.ts"

// Long enough for two calls on a slow machine.
const OPEN_FOR = 2_000
const index = new URL("../../src/index.ts", import.meta.url).pathname

const worker = `
import { CircuitBreaker, anyOf, consecutiveFailures, exponentialBackoff, failureRate, slowCallRate, wrapFetch } from "${index}"

const atTopLevel = performance.now()
const backoff = exponentialBackoff({ initial: ${OPEN_FOR}, max: ${OPEN_FOR}, jitter: 0 })
const opened = new CircuitBreaker({ timeout: 60_000, clock: { now: () => 1 } })
opened.trip()
const breakers = {
  defaults: new CircuitBreaker(),
  fixed: new CircuitBreaker({ interval: 60_000, ...consecutiveFailures(2), timeout: ${OPEN_FOR} }),
  rolling: new CircuitBreaker({ ...failureRate({ threshold: 0.5, minimumRequests: 2, within: 60_000 }), timeout: ${OPEN_FOR} }),
  counting: new CircuitBreaker({ ...slowCallRate({ threshold: 0.5, slowerThan: 5_000, last: 10 }), callTimeout: 5_000 }),
  restored: new CircuitBreaker({ snapshot: opened.snapshot() }),
  any: new CircuitBreaker(anyOf(consecutiveFailures(2), failureRate({ threshold: 0.5, within: 60_000 }))),
}
const changes = []
breakers.rolling.addEventListener("statechange", ({ from, to }) => changes.push(from + ">" + to))
const safeFetch = wrapFetch(undefined, { ...consecutiveFailures(2), timeout: backoff, callTimeout: 5_000 })

const fail = () => { throw new Error("down") }
const succeed = async () => "up"
const routes = {
  "/top-level": () => ({ atTopLevel }),
  "/states": () => Object.fromEntries(Object.entries(breakers).map(([name, breaker]) => [name, breaker.state])),
  "/restored": () => ({ retryAfter: breakers.restored.retryAfter }),
  "/call": async (query) => {
    const breaker = breakers[query.get("breaker")]
    const result = await breaker.execute(query.has("fail") ? fail : succeed).catch(String)
    return { result, state: breaker.state, counts: breaker.counts, retryAfter: breaker.retryAfter, changes }
  },
  "/fetch": async (query) => {
    const url = query.get("url")
    const status = await safeFetch(url).then((response) => response.status, (error) => error.code ?? String(error))
    return { status, state: safeFetch.breakers.get(new URL(url).origin)?.state }
  },
}
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    return Response.json(await routes[pathname](searchParams))
  },
}`

describe.each<WorkerdVersion>(["bundled", "newest"])("at the top level of a Worker, %s workerd", (version) => {
  let workerd: Workerd
  let origin: Origin
  const ask = async (path: string): Promise<Record<string, unknown>> =>
    (await (await workerd.fetch("main", path)).json()) as Record<string, unknown>
  /** Asks until the answer is the wanted one. Real time has to pass here, and it is not known how much. */
  const until = async (path: string, wanted: (answer: Record<string, unknown>) => boolean): Promise<void> => {
    await expect.poll(async () => wanted(await ask(path)), { timeout: 20_000 }).toBe(true)
  }

  beforeAll(async () => {
    origin = await startOrigin()
    workerd = await workerdWith({ version, workers: [{ name: "main", code: await bundle(worker) }] })
  })
  afterAll(async () => {
    await workerd?.dispose()
    await origin?.close()
  })

  test("every kind of breaker can be made #67", async () => {
    expect(await ask("/top-level")).toEqual({ atTopLevel: 0 })
    expect(await ask("/states")).toEqual({
      ...{ defaults: "closed", fixed: "closed", rolling: "closed", counting: "closed", any: "closed" },
      restored: "open",
    })
  })

  test("an open period that was restored there has its remaining time", async () => {
    const { retryAfter } = await ask("/restored")
    expect(retryAfter).toBeGreaterThan(0)
    expect(retryAfter).toBeLessThanOrEqual(60_000)
  })

  test.each(["fixed", "rolling"])("a %s window opens in one request and recovers in another #68 #29", async (name) => {
    await ask(`/call?breaker=${name}&fail`)
    expect(await ask(`/call?breaker=${name}&fail`)).toMatchObject({ state: "open" })
    const { result } = await ask(`/call?breaker=${name}`)
    expect(result).toMatch(/OpenStateError/)
    await until("/states", (states) => states[name] === "half-open")
    expect(await ask(`/call?breaker=${name}`)).toMatchObject({ result: "up", state: "closed" })
  })

  test("a listener added there gets the changes of every request", async () => {
    const { changes } = await ask("/call?breaker=rolling")
    expect(changes).toEqual(["closed>open", "open>half-open", "half-open>closed"])
  })

  test("a wrapped fetch opens in one request and recovers in another", async () => {
    const down = `/fetch?url=${encodeURIComponent(`${origin.url}/status/503`)}`
    const up = `/fetch?url=${encodeURIComponent(`${origin.url}/ok?id=${version}`)}`
    expect(await ask(down)).toEqual({ status: 503, state: "closed" })
    expect(await ask(down)).toEqual({ status: 503, state: "open" })
    expect(await ask(up)).toEqual({ status: "ERR_OPEN_STATE", state: "open" })
    expect(origin.hits(version)).toBe(0)
    await until(up, ({ status }) => status === 200)
    expect(await ask(up)).toEqual({ status: 200, state: "closed" })
  })
})
