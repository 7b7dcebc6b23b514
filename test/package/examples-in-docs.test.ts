/**
 * Every TypeScript block of the READMEs and of the docstrings compiles for a user of the package, and runs
 * against an origin on this machine, whatever host it names.
 */
import { spawn } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { transformSync } from "esbuild"
import { expect, test } from "vitest"
import { startOrigin } from "../../examples/origin/origin.ts"
import { resolutions, root, userProject } from "./user-project.ts"

const read = (file: string): string => readFileSync(join(root, file), "utf8")
const blocks = (text: string): string[] => [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string)
const filesOf = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending) && !file.includes("node_modules"))
    .map((file) => `${folder}/${file}`)

const examples = Object.fromEntries(
  ["README.md", ...filesOf("examples", ".md"), ...filesOf("src", ".ts")].flatMap((file) =>
    blocks(file.endsWith(".md") ? read(file) : read(file).replace(/^ *\* ?/gm, "")).map(
      (block, index) => [`${file.replaceAll(/[/.]/g, "-")}-${index}.ts`, `${block}\nexport {}\n`] as const,
    ),
  ),
)

test.each(Object.entries(resolutions))("all code in the docs compiles with %s", (_, resolution) => {
  expect(Object.keys(examples).length).toBeGreaterThan(15)
  const platforms = {
    // A Worker has types for its bindings, and for the module that exports them.
    "env.d.ts": read("examples/cloudflare-worker/src/env.d.ts"),
    "deno.d.ts": `declare const Deno: { openKv(): Promise<import("webbreaker/deno-kv").DenoKv> }`,
  }
  using project = userProject({ ...examples, ...platforms })
  expect(project.compile({ ...resolution, lib: ["ES2022", "DOM"] })).toBe("")
})

// Node 20 has none of these.
const runnable = Object.entries(examples).filter(([, code]) => !/cloudflare:|openKv|WebSocket/.test(code))

test("all code in the docs runs", async () => {
  await using origin = await startOrigin()
  using project = userProject({
    "run.mjs": `
      const { fetch: original } = globalThis
      globalThis.fetch = (input, init) => {
        const { pathname } = new URL(input.url ?? input)
        return original("${origin.url}/status/200?path=" + encodeURIComponent(pathname), { signal: init?.signal })
      }
      for (const name of ${JSON.stringify(runnable.map(([name]) => name))}) {
        await import("./" + name.replace(/ts$/, "mjs")).catch((error) => {
          console.error(name, error)
          process.exitCode = 1
        })
      }
      process.exit()
    `,
  })
  for (const [name, code] of runnable) {
    writeFileSync(join(project.folder, name.replace(/ts$/, "mjs")), transformSync(code, { loader: "ts" }).code)
  }
  const child = spawn(process.execPath, [join(project.folder, "run.mjs")], { stdio: ["ignore", "ignore", "pipe"] })
  const [stderr, code] = await Promise.all([text(child.stderr), new Promise((resolve) => child.once("exit", resolve))])
  expect(stderr).toBe("")
  expect(code).toBe(0)
})
