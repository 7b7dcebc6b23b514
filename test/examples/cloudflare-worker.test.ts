/** The example in workerd, set up by its `wrangler.jsonc`, in front of an origin that fails on command. */
import { readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import { bundle } from "../runtimes/bundle.ts"
import type { WorkerdVersion } from "../runtimes/workerd-version.ts"
import { workerdWith, type Workerd } from "../runtimes/workerd-with.ts"

const root = new URL("../../", import.meta.url).pathname
const example = `${root}examples/cloudflare-worker`
const config = JSON.parse(readFileSync(`${example}/wrangler.jsonc`, "utf8").replace(/^\s*\/\/.*$/gm, ""))
const [binding] = config.durable_objects.bindings
const SECRET = "between us"
const FAILING = { kind: "failing", rate: 1, status: 503 } as const

let code: string
beforeAll(async () => {
  code = await bundle(`export * from "${example}/${config.main}"\nexport { default } from "${example}/${config.main}"`, {
    external: ["cloudflare:workers"],
    alias: { "webbreaker/durable-object": `${root}src/stores/durable-object/index.ts`, webbreaker: `${root}src/index.ts` },
  })
})

test("a migration creates the bound class, with SQLite", () => {
  expect(config.migrations).toEqual([{ tag: "v1", new_sqlite_classes: [binding.class_name] }])
})

describe.each<WorkerdVersion>(["bundled", "newest"])("examples/cloudflare-worker in workerd, %s", (version) => {
  // All are isolates of one Worker. Each story has an origin of its own, which its isolates share.
  const stories = ["plain", "stale", "unseen", "cookie", "authorization", "pair"] as const
  type Story = (typeof stories)[number]
  const origins = new Map<Story, Origin>()
  let workerd: Workerd
  beforeAll(async () => {
    for (const story of stories) origins.set(story, await startOrigin())
    const durableObjects = { [binding.name]: { className: binding.class_name, scriptName: "plain", useSQLite: true } }
    const isolate = (name: string, story: Story, bindings: Record<string, string> = { STATUS_SECRET: SECRET }) => ({
      name,
      code,
      bindings: { ...config.vars, ORIGIN: at(story).url, ...bindings },
      compatibilityDate: config.compatibility_date,
      durableObjects,
    })
    const [first, ...rest] = stories.map((story) => isolate(story, story))
    const workers = [first!, ...rest, isolate("pair 2", "pair"), isolate("no secret", "plain", {})] as const
    workerd = await workerdWith({ version, workers })
  })
  afterAll(async () => {
    await workerd?.dispose()
    for (const origin of origins.values()) await origin.close()
  })

  const at = (story: Story): Origin => origins.get(story)!
  const get = (isolate: string, path: string, headers: Record<string, string> = {}) => workerd.fetch(isolate, path, { headers })
  const status = (isolate: string, secret: string) => get(isolate, "/__breakers", { authorization: `Bearer ${secret}` })
  const stateOf = async (isolate: string): Promise<string> => {
    const breakers = (await (await status(isolate, SECRET)).json()) as Record<string, { state: string }>
    return Object.values(breakers)[0]?.state ?? "unknown"
  }
  const fail = async (story: Story, count: number, isolate: string = story): Promise<void> => {
    at(story).mode = FAILING
    for (let i = 0; i < count; i++) await (await get(isolate, `/api?n=${i}`)).arrayBuffer()
  }
  const isOpen = async (isolate: string): Promise<void> => {
    await expect.poll(() => stateOf(isolate), { timeout: 20_000 }).toBe("open")
  }

  test("passes requests on to the origin, and answers back", async () => {
    const response = await workerd.fetch("plain", "/echo?x=1", { method: "POST", body: "text", headers: { "x-own": "yes" } })
    expect(await response.json()).toMatchObject({ method: "POST", body: "text", headers: { "x-own": "yes" } })
    const redirect = await workerd.fetch("plain", "/redirect?to=/elsewhere", { redirect: "manual" })
    expect([redirect.status, redirect.headers.get("location")]).toEqual([302, "/elsewhere"])
    expect((await get("plain", "/status/404")).status).toBe(404)
  })

  test("asks nobody but its origin, whatever the path looks like", async () => {
    const { host } = new URL(at("unseen").url)
    await (await get("plain", `http://worker.invalid//${host}/ok?id=elsewhere`)).arrayBuffer()
    expect(at("unseen").hits("elsewhere")).toBe(0)
  })

  test("shows its breakers only with the secret", async () => {
    await get("plain", "/ok")
    expect((await get("plain", "/__breakers")).status).toBe(401)
    expect((await status("plain", "between you")).status).toBe(401)
    expect((await status("no secret", SECRET)).status).toBe(404)
    const response = await status("plain", SECRET)
    expect(response.headers.get("cache-control")).toBe("no-store")
    expect(await response.json()).toMatchObject({ [at("plain").url]: { state: "closed", retryAfter: 0, counts: { totalFailures: 0 } } })
  })

  test("answers 502 when the origin cannot be reached", async () => {
    at("plain").mode = { kind: "resetting" }
    expect((await get("plain", "/api")).status).toBe(502)
  })

  test("serves the last response of a failing origin, and does not call it while open", async () => {
    const page = "/api?id=page&cache=max-age%3D1"
    const whole = await get("stale", page)
    // A response without a body must not become the copy.
    await workerd.fetch("stale", page, { method: "HEAD" })
    expect(await whole.json()).toEqual({ ok: true })
    expect(whole.headers.get("cache-status")).toBeNull()
    at("stale").mode = FAILING
    // The copy is made in the background, after the response.
    await expect.poll(async () => (await get("stale", page)).status, { timeout: 20_000 }).toBe(200)
    await fail("stale", 21)
    await isOpen("stale")
    const asked = at("stale").hits("page")
    const stale = await get("stale", page)
    expect(await stale.json()).toEqual({ ok: true })
    expect(stale.headers.get("cache-status")).toMatch(/stale-if-error/)
    expect(stale.headers.get("cache-control")).toBe("no-store")
    expect(at("stale").hits("page")).toBe(asked)
  })

  test("answers with Retry-After if it has no copy", async () => {
    await fail("unseen", 21)
    await isOpen("unseen")
    const response = await get("unseen", "/api?id=unseen")
    expect(response.status).toBe(503)
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(at("unseen").hits("unseen")).toBe(0)
  })

  test.each([
    ["cookie", "session=1"],
    ["authorization", "Basic eDp5"],
  ] as const)("keeps no response to a request with a header %s", async (story, value) => {
    const own = "/api?id=own&cache=max-age%3D60"
    expect((await get(story, own, { [story]: value })).status).toBe(200)
    await fail(story, 21)
    await isOpen(story)
    expect((await get(story, own)).status).toBe(503)
    expect((await get(story, own, { [story]: value })).status).toBe(503)
  })

  test("opens in all isolates once two of them have seen the origin fail", async () => {
    await fail("pair", 21)
    await isOpen("pair")
    await fail("pair", 1, "pair 2")
    await isOpen("pair 2")
    expect((await get("pair 2", "/api?id=other")).status).toBe(503)
    expect(at("pair").hits("other")).toBe(0)
  })
})
