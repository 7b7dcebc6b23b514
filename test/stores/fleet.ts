/**
 * Isolates of one Worker and the object that they share, in one workerd. The first word of a breaker's name
 * selects its settings, and each test has names of its own.
 */
import { createConnection } from "node:net"
import { bundle } from "../runtimes/bundle.ts"
import type { WorkerdVersion } from "../runtimes/workerd-version.ts"
import { workerdWith, type Workerd } from "../runtimes/workerd-with.ts"

export const ISOLATES = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] as const
export type Isolate = (typeof ISOLATES)[number]

/** The settings of the breakers in the isolates and in the object, by the first word of their name. */
export const KINDS = {
  plain: { trip: 3, timeout: 60_000 },
  thin: { trip: 8, timeout: 60_000 },
  brief: { trip: 3, timeout: 1_500, probeTimeout: 20_000 },
  triple: { trip: 3, timeout: 1_500, probeTimeout: 20_000, maxRequests: 3 },
  lapsing: { trip: 3, timeout: 1_500, probeTimeout: 3_000 },
  quorum: { trip: 3, timeout: 60_000, quorum: 2 },
  lasting: { trip: 3, timeout: 1_500, probeTimeout: 600_000 },
  ramp: { trip: 3, timeout: 1_500, probeTimeout: 20_000, slowStart: 9_000 },
} as const

const index = new URL("../../src/index.ts", import.meta.url).pathname
const entry = new URL("../../src/stores/durable-object/index.ts", import.meta.url).pathname
const settings = `
const KINDS = ${JSON.stringify(KINDS)}
const settingsOf = (name) => {
  const { trip, ...rest } = KINDS[name.split(" ")[0]]
  return { ...consecutiveFailures(trip), ...rest }
}`

const isolate = `
import { env, waitUntil } from "cloudflare:workers"
import { CircuitBreaker, consecutiveFailures } from "${index}"
import { durableObjectStore } from "${entry}"
${settings}
const stores = {
  function: durableObjectStore(() => env.BREAKERS, { waitUntil }),
  binding: durableObjectStore(env.BREAKERS, { waitUntil }),
  alone: durableObjectStore(() => env.BREAKERS),
  nowhere: durableObjectStore(() => env.NOWHERE),
}
const breakers = new Map()
const errors = []
const at = (name, store = "function") => {
  let breaker = breakers.get(name)
  if (!breaker) {
    breaker = new CircuitBreaker({ name, ...settingsOf(name), store: stores[store] })
    breaker.addEventListener("storeerror", ({ error }) => errors.push(String(error)))
    breakers.set(name, breaker)
  }
  return breaker
}
const topLevel = at("plain top level", "binding")
const routes = {
  "/state": (query) => {
    const breaker = at(query.get("name"))
    return { state: breaker.state, retryAfter: breaker.retryAfter, counts: breaker.counts }
  },
  "/call": async (query) => {
    const request = async (signal) => {
      const response = await fetch(query.get("url"), { signal })
      await response.arrayBuffer()
      if (response.status >= 500) throw new Error("status " + response.status)
      return response.status
    }
    const result = await at(query.get("name"), query.get("store") ?? undefined).execute(request)
      .then(String, (error) => error.code ?? error.message)
    return { result }
  },
  "/many": async (query) => {
    const results = {}
    for (const letter of query.get("plan")) {
      const result = await at(query.get("name"))
        .execute(async () => { if (letter === "f") throw new Error("down"); return "up" })
        .catch((error) => error.code ?? error.message)
      results[result] = (results[result] ?? 0) + 1
    }
    return results
  },
  "/series": async (query) => {
    const calls = []
    for (let i = 0; i < 100; i++) {
      const call = { at: Date.now() }
      await at(query.get("name")).execute(async () => {}).catch(({ state, retryAfter }) => Object.assign(call, { state, retryAfter }))
      calls.push(call)
      await scheduler.wait(5)
    }
    return calls
  },
  "/errors": () => errors,
}
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    return Response.json(await routes[pathname](searchParams))
  },
}`

const host = `
import { consecutiveFailures } from "${index}"
import { breakerObject } from "${entry}"
${settings}
let mode = "healthy"
let received = 0
const isUnreachable = () => mode === "unreachable"
export class Breakers extends breakerObject(settingsOf) {
  constructor(context, env) {
    super(context, env)
    if (isUnreachable()) throw new Error("it does not start")
    this.context = context
  }
  async fetch(request) {
    received += 1
    if (mode === "slow") await scheduler.wait(5_000)
    if (mode === "hanging") await new Promise((resolve) => setTimeout(resolve, 60_000))
    if (mode === "throwing") throw new Error("broken")
    if (mode === "overloaded") throw Object.assign(new Error("overloaded"), { overloaded: true })
    if (mode === "aborting" || isUnreachable()) this.context.abort("evicted")
    if (mode === "other version") return Response.json({ version: 2, verdict: "open" })
    return super.fetch(request)
  }
}
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === "/mode") { mode = searchParams.get("is"); received = 0 }
    if (pathname === "/raw") {
      const stub = env.BREAKERS.get(env.BREAKERS.idFromName(searchParams.get("object")))
      return stub.fetch("https://breakers.invalid/", { method: "POST", body: await request.text() })
    }
    return Response.json({ mode, received })
  },
}`

export interface Answer {
  readonly state: string
  readonly retryAfter: number
  readonly result: string
}

/** A call. If it was rejected, `state` is the state that rejected it. */
export interface Call {
  readonly at: number
  readonly state?: string
  readonly retryAfter?: number
}

export interface Fleet extends AsyncDisposable {
  readonly workerd: Workerd
  /** One call of the breaker `name` to a URL. */
  call(isolate: Isolate, name: string, url: string, store?: "binding" | "alone" | "nowhere"): Promise<string>
  /** A call that can be cut off, as when a client disconnects. */
  callBySocket(name: string, url: string): { disconnect(): void }
  /** Makes calls without a network, one after the other: "s" succeeds, "f" fails. Returns their number by result. */
  many(isolate: Isolate, name: string, plan: string): Promise<Record<string, number>>
  /** A hundred calls without a network, a few milliseconds between them. */
  series(isolate: Isolate, name: string): Promise<Call[]>
  state(isolate: Isolate, name: string): Promise<Answer>
  errors(isolate: Isolate): Promise<string[]>
  /** Sets how the object behaves, and resets its count of requests. */
  mode(is: string): Promise<void>
  received(): Promise<number>
  /** Sends text to the object itself. */
  raw(object: string, body: string): Promise<{ readonly status: number; text(): Promise<string> }>
}

export async function startFleet(version: WorkerdVersion): Promise<Fleet> {
  const [isolateCode, hostCode] = await Promise.all([
    bundle(isolate, { external: ["cloudflare:workers"] }),
    bundle(host),
  ])
  const durableObjects = { BREAKERS: { className: "Breakers", scriptName: "host", useSQLite: true } }
  const [first, ...rest] = ISOLATES.map((name) => ({ name, code: isolateCode, durableObjects }))
  const workers = [first!, ...rest, { name: "host", code: hostCode, durableObjects }] as const
  const workerd = await workerdWith({ version, workers })
  const ask = async (worker: string, path: string, query: Record<string, string> = {}): Promise<any> => {
    const response = await workerd.fetch(worker, `${path}?${new URLSearchParams(query)}`)
    if (response.status !== 200) throw new Error(`${worker}${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  return {
    workerd,
    call: async (worker, name, url, store) => (await ask(worker, "/call", { name, url, ...(store && { store }) })).result,
    callBySocket(name, url) {
      const { hostname, port } = workerd.url
      const socket = createConnection(Number(port), hostname)
      socket.on("error", () => {})
      socket.write(`GET /call?${new URLSearchParams({ name, url })} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
      return { disconnect: () => void socket.resetAndDestroy() }
    },
    many: (worker, name, plan) => ask(worker, "/many", { name, plan }),
    series: (worker, name) => ask(worker, "/series", { name }),
    state: (worker, name) => ask(worker, "/state", { name }),
    errors: (worker) => ask(worker, "/errors"),
    mode: (is) => ask("host", "/mode", { is }),
    received: async () => (await ask("host", "/received")).received,
    raw: (object, body) => workerd.fetch("host", `/raw?${new URLSearchParams({ object })}`, { method: "POST", body }),
    [Symbol.asyncDispose]: () => workerd.dispose(),
  }
}
