/** One case for each way in which a case can end. */
import type { Case, RuntimeName } from "./suite.ts"

// Read while the module is loaded, where a Worker has no clock: performance.now() is 0 there, and in the
// newest version Date.now() too.
const loadedAt = { performance: performance.now(), date: Date.now() }

const AGENTS: Partial<Record<RuntimeName, string>> = {
  deno: "Deno/",
  bun: "Bun/",
  workerd: "Cloudflare-Workers",
  "workerd-newest": "Cloudflare-Workers",
}

const skippedEverywhere = {
  node: "shows skipping",
  deno: "shows skipping",
  bun: "shows skipping",
  workerd: "shows skipping",
  "workerd-newest": "shows skipping",
  chromium: "shows skipping",
  firefox: "shows skipping",
  webkit: "shows skipping",
}

export const cases: Case[] = [
  {
    name: "passes",
    async run(t) {
      const response = await fetch(`${t.origin}/ok?id=${t.id()}`)
      t.equal(response.status, 200)
      t.notEqual(t.id(), t.id())
    },
  },
  {
    name: "fails an assertion",
    async run(t) {
      t.deepEqual({ list: [1, 2] }, { list: [1, 3] })
    },
  },
  {
    name: "hangs",
    timeout: 100,
    run: () => new Promise(() => {}),
  },
  {
    name: "hangs in a request",
    timeout: 100,
    async run(t) {
      await fetch(`${t.origin}/hang?id=${t.id()}`)
    },
  },
  {
    name: "throws what is no error",
    async run() {
      throw { code: 7 }
    },
  },
  {
    name: "throws before it returns a promise",
    run() {
      throw new RangeError("at once", { cause: new Error("the cause") })
    },
  },
  {
    name: "is skipped",
    skip: skippedEverywhere,
    async run(t) {
      t.ok(false, "it ran")
    },
  },
  {
    name: "is in the runtime that it was told",
    async run(t) {
      const agent = (globalThis as { navigator?: { userAgent: string } }).navigator?.userAgent ?? ""
      const expected = AGENTS[t.runtime] ?? ""
      t.equal(agent.slice(0, expected.length), expected)
      const isWorkerd = t.runtime.startsWith("workerd")
      t.equal("process" in globalThis, ["node", "deno", "bun"].includes(t.runtime))
      t.equal(loadedAt.performance === 0, isWorkerd, "performance.now() at the top level")
      t.equal(loadedAt.date === 0, t.runtime === "workerd-newest", "Date.now() at the top level")
    },
  },
  {
    name: "is refused",
    async run(t) {
      await t.rejects(fetch(t.refused))
    },
  },
]
