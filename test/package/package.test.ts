/** The published package: it is complete, has nothing else, and every resolver finds its files. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { expect, test, vi } from "vitest"
import type { DenoKv } from "../../src/stores/deno-kv/index.ts"
import { FakeObjects } from "../stores/fake-objects.ts"
import { FakeStorage } from "../stores/fake-storage.ts"

type Local = typeof import("../../src/stores/local-storage/index.ts")
type Kv = typeof import("../../src/stores/deno-kv/index.ts")
type Durable = typeof import("../../src/stores/durable-object/index.ts")

const root = new URL("../..", import.meta.url).pathname
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env["PATH"]}`, NO_COLOR: "1" },
  })

interface Manifest {
  readonly exports: Record<string, string | { readonly types: string; readonly default: string }>
  readonly dependencies?: object
  readonly sideEffects: boolean
  readonly type: string
  readonly version: string
}
const read = <T>(file: string): T => JSON.parse(readFileSync(`${root}${file}`, "utf8")) as T
const manifest = read<Manifest>("package.json")
const entries = Object.entries(manifest.exports).filter(([, entry]) => typeof entry === "object")

test("the manifest promises ESM without dependencies or side effects", () => {
  expect(manifest).toMatchObject({ type: "module", sideEffects: false })
  expect(manifest.dependencies ?? {}).toEqual({})
})

test.each(entries)("the entry %s has its files and no conditions of a runtime", (_, entry) => {
  expect(Object.keys(entry)).toEqual(["types", "default"])
  for (const file of Object.values(entry)) expect(existsSync(`${root}${file}`), file).toBe(true)
})

test("jsr.json has the same version and entries", () => {
  const jsr = read<{ version: string; exports: object }>("jsr.json")
  expect(jsr.version).toBe(manifest.version)
  expect(Object.keys(jsr.exports)).toEqual(entries.map(([name]) => name))
})

test("npm packs the build, the sources, and nothing else", () => {
  const [pack] = JSON.parse(run("npm", "pack", "--dry-run", "--json", "--ignore-scripts")) as [
    { files: { path: string }[] },
  ]
  const others = pack.files.map(({ path }) => path).filter((path) => !/^(dist|src)\//.test(path))
  expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"])
})

test("every file of the build has a map, without a copy of the sources, to sources in the package", () => {
  const files = readdirSync(`${root}dist`, { recursive: true, encoding: "utf8" }).filter((file) => /\.(js|d\.ts)$/.test(file))
  for (const file of files) {
    const path = `${root}dist/${file}`
    const [, name] = /\n\/\/# sourceMappingURL=(.*)\s*$/.exec(readFileSync(path, "utf8")) ?? []
    const map = join(dirname(path), name ?? "there is none")
    expect(existsSync(map), map).toBe(true)
    const { sources, sourcesContent } = JSON.parse(readFileSync(map, "utf8")) as { sources: string[]; sourcesContent?: unknown }
    expect(sourcesContent).toBeUndefined()
    for (const source of sources) {
      expect(existsSync(join(dirname(map), source)), source).toBe(true)
      expect(relative(root, join(dirname(map), source))).toMatch(/^src\//)
    }
  }
})

test("publint finds no problems", () => {
  expect(run("publint", "--strict")).toMatch(/All good/)
})

test("the types resolve wherever ES modules do", () => {
  run("attw", "--pack", ".", "--profile", "esm-only")
})

test("JSR accepts the sources", () => {
  run("deno", "publish", "--dry-run", "--allow-dirty")
})

/** A database in memory, without versions, since only one client uses it at a time. */
function fakeKv(): DenoKv {
  const values = new Map<string, unknown>()
  const transaction: ReturnType<DenoKv["atomic"]> = {
    check: () => transaction,
    set: (key, value) => (values.set(String(key), value), transaction),
    commit: async () => ({ ok: true }),
  }
  return { get: async (key) => ({ value: values.get(String(key)), versionstamp: null }), atomic: () => transaction }
}

test("an error has the same class through every entry: each store knows the breaker's rejections", async () => {
  const load = (file: string): Promise<unknown> => import(`${root}dist/${file}`)
  const { CircuitBreaker, OpenStateError } = (await load("index.js")) as typeof import("../../src/index.ts")
  const { localStorageStore } = (await load("stores/local-storage/index.js")) as Local
  const { breakerObject, durableObjectStore } = (await load("stores/durable-object/index.js")) as Durable
  const { denoKvStore } = (await load("stores/deno-kv/index.js")) as Kv
  const settings = { timeout: 100, probeTimeout: 60_000 }
  const objects = new FakeObjects(breakerObject(settings))
  for (const store of [localStorageStore({ storage: new FakeStorage() }), durableObjectStore(objects), denoKvStore(fakeKv())]) {
    const make = () => new CircuitBreaker({ name: "api", ...settings, store })
    const [one, other] = [make(), make()]
    for (const breaker of [one, other]) breaker.trip()
    for (const breaker of [one, other]) await expect.poll(() => breaker.state).toBe("half-open")
    const probe = vi.fn(() => new Promise(() => {}))
    void one.execute(probe)
    await expect.poll(() => probe.mock.calls.length).toBe(1)
    // The store refuses a lease, which opens the breaker. It would make the call if the rejection had another class.
    await expect(other.execute(() => "made")).rejects.toBeInstanceOf(OpenStateError)
  }
})
