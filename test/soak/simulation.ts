/**
 * An origin that fails and recovers, its clients, and a clock that is moved by hand. Hours are simulated in
 * seconds.
 */
import { setImmediate } from "node:timers/promises"
import { consecutiveFailures, exponentialBackoff, failureRate, type FetchSettings } from "../../src/index.ts"
import { createClient } from "./client.ts"
import type { SoakResult } from "./result.ts"
import { disagreements } from "./violations.ts"

const STEP = 10
const CALL_EVERY = 4 * STEP
const OUTAGE = { shortest: 5_000, longest: 30_000 }
const HEALTH = { shortest: 20_000, longest: 60_000 }

const settings: Readonly<Record<string, FetchSettings>> = {
  "five in a row": { ...consecutiveFailures(5), timeout: 2_000 },
  "a rate of calls": { ...failureRate({ threshold: 0.5, last: 20 }), timeout: 2_000, maxRequests: 3 },
  "a rate in 5 s": { ...failureRate({ threshold: 0.5, within: 5_000 }), timeout: 2_000 },
  backoff: { ...consecutiveFailures(5), timeout: exponentialBackoff({ initial: 1_000, max: 8_000 }) },
}

const failures = [
  () => new Response("down", { status: 500 }),
  () => new Response("busy", { status: 503, headers: { "retry-after": "2" } }),
  () => new TypeError("fetch failed"),
]

/** @param random - Numbers from 0 to 1; the same numbers give the same simulation. */
export async function simulate(minutes: number, random: () => number, heapUsed?: () => number): Promise<Omit<SoakResult, "unhandled">> {
  let now = 0
  let isDown = false
  let outages = 0
  let due: { readonly at: number; readonly settle: () => void }[] = []
  const violations: string[] = []
  const heaps: number[] = []

  function answer(): Promise<Response> {
    const reply = isDown ? failures[outages % failures.length]!() : new Response("fine")
    return new Promise((resolve, reject) => {
      const settle = (): void => (reply instanceof Response ? resolve(reply) : reject(reply))
      due.push({ at: now + 5 + 100 * random(), settle })
    })
  }
  const clients = Object.entries(settings).map(([name, own]) => {
    let reached = 0
    const send = (): Promise<Response> => (reached++, answer())
    const client = createClient("https://origin.example/api", { ...own, clock: { now: () => now } }, send)
    return { name, client, reached: () => reached }
  })

  async function pass(ms: number, traffic = true): Promise<void> {
    for (const end = now + ms; now < end; ) {
      now += STEP
      const ready = due.filter(({ at }) => at <= now)
      due = due.filter(({ at }) => at > now)
      for (const { settle } of ready) settle()
      if (traffic && now % CALL_EVERY === 0) for (const { client } of clients) void client.call()
      await setImmediate()
    }
  }
  const between = ({ shortest, longest }: typeof OUTAGE): number => {
    const steps = (shortest + (longest - shortest) * random()) / STEP
    return Math.round(steps) * STEP
  }
  /** Checks that each client has opened once for each outage, and closed once for each recovery. */
  function check(): void {
    for (const { name, client } of clients) {
      const { opened, closed, state } = client.tally()
      if (opened === outages && closed === outages && state === "closed") continue
      violations.push(`${name}: ${outages} outages, opened ${opened} times, closed ${closed} times, now ${state}`)
    }
  }

  for (const end = minutes * 60_000; now < end; ) {
    await pass(between(HEALTH))
    check()
    if (heapUsed) heaps.push(heapUsed())
    outages += 1
    isDown = true
    await pass(between(OUTAGE))
    isDown = false
  }
  await pass(HEALTH.shortest)
  check()
  // Lets the calls under way end.
  await pass(1_000, false)
  for (const { name, client, reached } of clients) {
    violations.push(...disagreements(client.tally(), reached()).map((what) => `${name}: ${what}`))
  }

  const sum = (of: (client: (typeof clients)[number]) => number): number => clients.reduce((total, it) => total + of(it), 0)
  return {
    outages,
    calls: sum(({ client }) => client.tally().calls),
    rejected: sum(({ client }) => client.tally().rejected),
    reached: sum(({ reached }) => reached()),
    heaps,
    violations,
  }
}
