/** The store over Deno KV, in Deno itself: in one process, and in several that share a file. */
import { spawnSync } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import { denoKvStore } from "../../src/stores/deno-kv/index.ts"
import { bundle, bundleSuite } from "../runtimes/bundle.ts"
import { denoPath, denoRunner } from "../runtimes/run-in-deno.ts"
import type { CaseResult } from "../runtimes/suite.ts"
import { cases } from "./deno-kv-cases.ts"
import type { Task } from "./deno-kv-processes.ts"

const LIMIT = 150_000
const KV = "--unstable-kv"
const nowhere = { origin: "", otherOrigin: "", refused: "" }

describe("denoKvStore()", () => {
  const kv = {
    get: () => Promise.reject(new Error("unused")),
    atomic: () => {
      throw new Error("unused")
    },
  }

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [{}, "[object Object]"],
    ["kv.db", '"kv.db"'],
  ])("refuses the database %j", (value, got) => {
    const message = `kv must be a Deno.Kv, a promise of one, or a function that returns either: got ${got}`
    expect(() => denoKvStore(value as never)).toThrow(new TypeError(message))
  })

  test.each([
    [{ prefix: 1 }, new RangeError("prefix must be a string: got 1")],
    [{ prefix: ["a"] }, new TypeError("prefix must be a string: got a")],
    [{ deadline: 0 }, new RangeError("deadline must be a number from 1 to 2147483647: got 0")],
    [{ deadline: 2 ** 31 }, new RangeError("deadline must be a number from 1 to 2147483647: got 2147483648")],
    [{ deadline: "250" }, new TypeError('deadline must be a number from 1 to 2147483647: got "250"')],
  ])("refuses the settings %j", (settings, error) => {
    expect(() => denoKvStore(kv, settings as never)).toThrow(error)
  })

  test("opens no database before it is needed", () => {
    denoKvStore(() => {
      throw new Error("too early")
    })
  })
})

describe("denoKvStore() in Deno", () => {
  let results: Map<string, CaseResult>
  beforeAll(async () => {
    const text = await bundleSuite(new URL("deno-kv-cases.ts", import.meta.url))
    const list = await denoRunner(KV)(text, { ...nowhere, caseTimeout: 30_000 }, { limit: LIMIT })
    results = new Map(list.map((result) => [result.name, result]))
  })

  for (const { name } of cases) {
    test(name, () => {
      const result = results.get(name)
      if (!result?.ok) throw new Error(result?.error ?? "it gave no result")
    })
  }
})

describe("denoKvStore() in a program of its own", () => {
  const entry = (path: string): string => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).pathname)
  const program = `
    import { CircuitBreaker } from ${entry("breaker.ts")}
    import { denoKvStore, type DenoKv } from ${entry("stores/deno-kv/index.ts")}
    const kv: DenoKv = await Deno.openKv(":memory:")
    const stores = [denoKvStore(kv), denoKvStore(() => Deno.openKv(":memory:")), denoKvStore(Deno.openKv(":memory:"))]
    for (const store of stores) {
      const breaker = new CircuitBreaker({ store, timeout: 1 })
      breaker.addEventListener("storeerror", ({ error }) => console.error(error))
      for (let i = 0; i < 7; i++) breaker.execute(() => Promise.reject(new Error("down"))).catch(() => {})
    }
    console.log("done")
  `
  const deno = (...args: string[]): { stdout: string; stderr: string; status: number | null } =>
    spawnSync(denoPath, args, { input: program, encoding: "utf8", env: { PATH: process.env["PATH"], NO_COLOR: "1" }, timeout: LIMIT })

  test("accepts Deno's databases, checked with Deno's own types", async () => {
    const folder = await mkdtemp(join(tmpdir(), "webbreaker-"))
    const file = join(folder, "program.ts")
    await writeFile(file, program)
    const { stderr, status } = deno("check", "--quiet", "--no-config", "--no-lock", KV, file)
    await rm(folder, { recursive: true })
    expect(stderr).toBe("")
    expect(status).toBe(0)
  })

  test("lets the process end by itself", () => {
    const { stdout, stderr, status } = deno("run", "--quiet", "--no-config", "--no-lock", "--ext=ts", KV, "-")
    expect([stdout, stderr, status]).toEqual(["done\n", "", 0])
  })
})

describe("Deno processes with one database", () => {
  let origin: Origin
  let folder: string
  beforeAll(async () => {
    origin = await startOrigin()
  })
  afterAll(() => origin?.close())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "webbreaker-"))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  /** Runs a process for each role. Returns the result of each. */
  async function play(...names: readonly Task["role"][]): Promise<unknown[]> {
    const processes = new URL("deno-kv-processes.ts", import.meta.url).pathname
    const run = denoRunner(KV, `--allow-read=${folder}`, `--allow-write=${folder}`)
    return Promise.all(
      names.map(async (role) => {
        const task: Task = { role, path: join(folder, "kv.db"), url: `${origin.url}/ok?id=${encodeURIComponent(folder)}` }
        const text = await bundle(
          `import { play } from ${JSON.stringify(processes)}
           export const run = async () => [{ name: JSON.stringify(await play(${JSON.stringify(task)})), ok: true }]`,
        )
        const [result] = await run(text, nowhere, { limit: LIMIT })
        return JSON.parse(result?.name ?? "") as unknown
      }),
    )
  }

  test("when one opens the breaker, all reject calls, even one that starts later", async () => {
    const rejected = Array(5).fill("ERR_OPEN_STATE")
    expect(await play("opens", "hears", "hears")).toEqual(["open", rejected, rejected])
    expect(await play("joins")).toEqual([rejected])
  })

  test("no failure of four processes is lost, and none is counted twice", async () => {
    expect(await play("counts", "counts", "counts", "counts")).toEqual([100, 100, 100, 100])
  })

  test("of forty half-open calls of four processes, maxRequests reach the origin", async () => {
    await play("trips")
    const made = (await play("probes", "probes", "probes", "probes")) as number[]
    expect(made.reduce((sum, calls) => sum + calls)).toBe(2)
    expect(origin.hits(folder)).toBe(2)
  })
})
