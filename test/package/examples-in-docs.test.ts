/**
 * Every TypeScript block of the README and of the docstrings compiles for a user of the package, with
 * each of the two resolutions that users have, and so do the declarations themselves.
 */
import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"

const root = new URL("../..", import.meta.url).pathname
// Inside the project, so that the package finds itself by its name.
const folder = mkdtempSync(join(root, "node_modules", ".examples-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const blocks = (text: string): string[] => [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1] as string)

const readme = blocks(readFileSync(join(root, "README.md"), "utf8"))
const docstrings = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => blocks(readFileSync(join(root, "src", file), "utf8").replace(/^ *\* ?/gm, "")))

const resolutions = {
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
  bundler: { module: "ESNext", moduleResolution: "Bundler" },
}

test.each(Object.entries(resolutions))("all code in the docs compiles with %s", (name, resolution) => {
  expect(readme.length).toBeGreaterThan(5)
  expect(docstrings.length).toBeGreaterThan(5)
  const project = join(folder, name)
  mkdirSync(join(project, "node_modules"), { recursive: true })
  symlinkSync(root, join(project, "node_modules", "webbreaker"), "dir")
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }))
  // A Worker has types of its bindings, and of the module that they are in.
  copyFileSync(join(root, "examples/cloudflare-worker/src/env.d.ts"), join(project, "env.d.ts"))
  for (const [index, block] of [...readme, ...docstrings].entries()) {
    writeFileSync(join(project, `example-${index}.ts`), `${block}\nexport {}\n`)
  }
  const compilerOptions = {
    ...resolution,
    target: "ES2022",
    lib: ["ES2022", "DOM"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
  const { stdout, status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { encoding: "utf8" })
  expect(stdout).toBe("")
  expect(status).toBe(0)
})
