import { existsSync, readdirSync } from "node:fs"
import { expect, test } from "vitest"

const root = new URL("../../", import.meta.url)
const examples = readdirSync(new URL("examples/", root), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

test.each(examples)("examples/%s has a test", (name) => {
  const places = [`test/examples/${name}.test.ts`, `test/${name}/${name}.test.ts`]
  expect(places.filter((place) => existsSync(new URL(place, root)))).not.toEqual([])
})

test.each(examples.filter((name) => name !== "origin"))("examples/%s has a README", (name) => {
  expect(existsSync(new URL(`examples/${name}/README.md`, root))).toBe(true)
})
