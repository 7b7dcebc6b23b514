import { expect, test } from "vitest"
import type { WorkerdVersion } from "./workerd-version.ts"
import { workerdWith, type Workerd, type WorkerSettings } from "./workerd-with.ts"

const TIMEOUT = 30_000
const versions: WorkerdVersion[] = ["bundled", "newest"]

const clock = `const loadedAt = Date.now()
export default { fetch: () => Response.json(loadedAt === 0) }`

const counting = `export class Counter {
  memory = 0
  constructor(state) { this.storage = state.storage }
  async fetch() {
    const stored = 1 + ((await this.storage.get("stored")) ?? 0)
    await this.storage.put("stored", stored)
    return Response.json({ stored, memory: ++this.memory })
  }
}
export default {
  fetch: (request, env) => env.COUNTER.get(env.COUNTER.idFromName("one")).fetch(request),
}`

const COUNTER = { className: "Counter", scriptName: "state", useSQLite: true }
const workers: [WorkerSettings, WorkerSettings] = [
  { name: "state", code: counting, durableObjects: { COUNTER } },
  { name: "other", code: counting, durableObjects: { COUNTER } },
]
const count = async (workerd: Workerd, worker: string): Promise<unknown> =>
  (await workerd.fetch(worker, "/")).json()

test("both versions are alive in one process", { timeout: TIMEOUT }, async () => {
  const start = (version: WorkerdVersion): Promise<Workerd> =>
    workerdWith({ version, workers: [{ name: "clock", code: clock }] })
  const before = process.env["MINIFLARE_WORKERD_PATH"]
  const running = await Promise.all([start("newest"), start("bundled"), start("newest")])

  const ask = (): Promise<unknown[]> =>
    Promise.all(running.map(async (one) => (await one.fetch("clock", "/")).json()))
  expect(await ask()).toEqual([true, false, true])

  await Promise.all(running.map((one) => one.restart()))
  expect(await ask()).toEqual([true, false, true])
  expect(process.env["MINIFLARE_WORKERD_PATH"]).toBe(before)
  await Promise.all(running.map((one) => one.dispose()))
})

test.each(versions)("%s: workers share an object", { timeout: TIMEOUT }, async (version) => {
  await using workerd = await workerdWith({ version, workers })
  expect(await count(workerd, "state")).toEqual({ stored: 1, memory: 1 })
  expect(await count(workerd, "other")).toEqual({ stored: 2, memory: 2 })
  expect(await (await fetch(workerd.url)).json()).toEqual({ stored: 3, memory: 3 })
})

test.each(versions)("%s: a restart keeps what is stored", { timeout: TIMEOUT }, async (version) => {
  await using workerd = await workerdWith({ version, workers })
  await count(workerd, "state")
  await workerd.restart()
  expect(await count(workerd, "state")).toEqual({ stored: 2, memory: 1 })
  expect(await (await fetch(workerd.url)).json()).toEqual({ stored: 3, memory: 2 })
})

test("can be disposed of twice", { timeout: TIMEOUT }, async () => {
  const workerd = await workerdWith({ workers })
  await Promise.all([workerd.dispose(), workerd.dispose()])
  await workerd.dispose()
})

test.each(versions)("%s: reports why it does not start", { timeout: TIMEOUT }, async (version) => {
  const broken = workerdWith({
    version,
    workers: [{ name: "broken", code: `setTimeout(() => {}, 1)\nexport default {}` }],
  })
  await expect(broken).rejects.toThrow(/Disallowed operation called within global scope/)
})

test.each(versions)("%s: keeps the output of a worker", { timeout: TIMEOUT }, async (version) => {
  const code = `export default { fetch: () => (console.log("pri" + "nted"), new Response()) }`
  await using workerd = await workerdWith({ version, workers: [{ name: "printer", code }] })
  await workerd.fetch("printer", "/")
  await expect.poll(() => workerd.output).toContain("printed")
})
