/**
 * Runs a fleet on virtual time: the real breakers and stores, between a modelled network and modelled
 * origins.
 */
import { memoryStore, type Settings } from "../../src/index.ts"
import { breakerObject, durableObjectStore } from "../../src/stores/durable-object/index.ts"
import { Client, type Send } from "./client.ts"
import { EventQueue } from "./event-queue.ts"
import { FleetObjects } from "./fleet-objects.ts"
import { Network } from "./network.ts"
import { Origin } from "./origin.ts"
import type { Plan } from "./plan.ts"
import { Random } from "./random.ts"
import { sum, Tally } from "./tally.ts"
import type { Variant } from "./variant.ts"
import { onVirtualPlatform } from "./virtual-platform.ts"

/** The results of a run. */
export interface Outcome {
  readonly tally: Tally
  /** Calls that should not be affected by what goes wrong: of other clients, or to other shards. */
  readonly bystanders: Tally
  readonly clients: readonly Client[]
  readonly objects: FleetObjects | undefined
  /** In the outage: failures reported to the object, and requests that reached the origin, until it opened. */
  readonly shared: { readonly failures: number; readonly reached: number } | undefined
}

// Milliseconds after which a client sees the failure of a call that never leaves it, and of one that is lost.
const BROKEN_AFTER = 5
const LOST_AFTER = 1_000
const FAILURE = new Error("The call failed")

/** Runs the plan with the variant. The same seed gives the same outcome. */
export function simulate(variant: Variant, plan: Plan, seed: number): Promise<Outcome> {
  const queue = new EventQueue()
  return onVirtualPlatform(queue, new Random(seed, "platform"), () => runFleet(variant, plan, seed, queue))
}

async function runFleet(variant: Variant, plan: Plan, seed: number, queue: EventQueue): Promise<Outcome> {
  const { clients: size, rate, seconds, origins, broken = 0, outage = [Infinity, Infinity] } = plan
  const network = new Network(queue, new Random(seed, "network"))
  const shards = origins.map((origin, index) => new Origin(origin, new Random(seed, `origin ${index}`)))
  const tally = new Tally(seconds)
  const bystanders = new Tally(seconds)
  const now = (): number => queue.now
  const objects = variant.object && new FleetObjects(breakerObject(variant.object()), queue, network, plan.store)
  let failuresBefore = 0
  let shared: Outcome["shared"]
  if (objects) {
    objects.opened = () => {
      tally.opens += 1
      const second = now() / 1_000
      if (second < outage[0] || second >= outage[1]) return
      shared ??= { failures: objects.failuresReported - failuresBefore, reached: sum(tally.reached, outage[0]) }
    }
  }

  const send: Send = (shard, client) =>
    new Promise((resolve, reject) => {
      const fail = (): void => reject(FAILURE)
      if (client.isBroken) return void queue.after(BROKEN_AFTER, fail)
      const way = network.delay(plan.link, 1)
      if (way === undefined) return void queue.after(LOST_AFTER, fail)
      tally.add(tally.reached, now())
      if (client.openedAt !== undefined) tally.add(tally.probes, now())
      const { ok, delay } = shards[shard]!.answer(now())
      queue.after(way + delay, ok ? (resolve as () => void) : fail)
    })

  const inMemory = variant.inMemory ? memoryStore() : undefined
  const clients = Array.from({ length: size }, (_, index) => {
    const isBroken = index < broken * size
    const store = inMemory ?? (objects && durableObjectStore(objects, { deadline: variant.deadline ?? 250 }))
    const settings: Settings = {
      name: "origin",
      ...variant.breaker?.(),
      ...(store && { store }),
      ...(isBroken && index % 2 && { clock: jumpingClock(queue, seed) }),
      onStateChange: (_name, from, to) => {
        if (from !== "closed" || to !== "open") return
        if (!objects) tally.opens += 1
        if (now() / 1_000 >= outage[0] && client.failuresToOpen === undefined) {
          // Without a store, the breaker opens before the client counts the failure that opens it.
          client.failuresToOpen = client.failures + (store ? 0 : 1)
          client.openedAt = now() / 1_000
        }
      },
    }
    const client: Client = new Client(variant, settings, send, isBroken, origins.length)
    return client
  })

  if (outage[0] < Infinity) {
    queue.after(outage[0] * 1_000, () => {
      failuresBefore = objects?.failuresReported ?? 0
      for (const client of clients) client.failures = 0
    })
  }
  const random = new Random(seed, "demand")
  const next = (): void => {
    const client = clients[random.integer(size)]!
    const shard = random.integer(origins.length)
    const isConcerned = client.isBroken || (origins.length > 1 && shard === 0)
    client.call(shard, isConcerned ? [tally] : [tally, bystanders], now)
    queue.after(random.exponential(1_000 / (size * rate)), next)
  }
  queue.after(random.exponential(1_000 / (size * rate)), next)
  await queue.run(seconds * 1_000)
  return { tally, bystanders, clients, objects, shared }
}

/** A clock that is minutes off, every minute in the other direction. */
function jumpingClock(queue: EventQueue, seed: number): { now(): number } {
  const random = new Random(seed, "clock")
  return { now: () => queue.now + Math.sin(Math.floor(queue.now / 60_000)) * 600_000 * random.next() }
}
