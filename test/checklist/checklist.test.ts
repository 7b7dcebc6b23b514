/**
 * Each of the 72 cases that a good circuit breaker should pass has a test that carries its number,
 * as in "rejects with the same error #5". This test fails with the numbers that are missing.
 */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"

const CASES = 72

// The first argument of a call with several, unless the test is skipped or only planned.
const TITLE = /(?<!\.skip|\.todo)\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1\s*,/g

/** The numbers in the titles of a source. A reference such as "owner/name#5" does not count. */
function numbersIn(source: string): number[] {
  const titles = Array.from(source.matchAll(TITLE), (match) => match[2] ?? "")
  return titles.flatMap((title) =>
    Array.from(title.matchAll(/(?<![\w/])#(\d+)\b/g), (match) => Number(match[1])),
  )
}

function covered(): Set<number> {
  const folder = fileURLToPath(new URL("..", import.meta.url))
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  const tests = files.filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
  const others = tests.filter((file) => !file.endsWith("checklist.test.ts"))
  return new Set(others.flatMap((file) => numbersIn(readFileSync(`${folder}/${file}`, "utf8"))))
}

const all = Array.from({ length: CASES }, (_, index) => index + 1)

describe("the checklist", () => {
  test("has a test for each of its cases", () => {
    const numbers = covered()
    expect(all.filter((number) => !numbers.has(number))).toEqual([])
  })

  test("has no other numbers in titles", () => {
    expect([...covered()].filter((number) => number < 1 || number > CASES)).toEqual([])
  })
})

describe("numbersIn()", () => {
  test.each([
    ['test("a title #5", () => {})', [5]],
    ["test.each([\n  [1],\n])(\n  'two #5 #61',\n  () => {})", [5, 61]],
    ["describe(`a group #7`, () => {})", [7]],
    ['test("a \\"quoted\\" title #8", () => {})', [8]],
    ['test.skip("skipped #5", () => {})', []],
    ['test.todo("planned #5", () => {})', []],
    ['// test #5\nconst colour = "#123"', []],
    ['class A { #5 = 1; f() { return g("other/name#9", 1) } }', []],
  ])("reads %j as %j", (source, expected) => {
    expect(numbersIn(source)).toEqual(expected)
  })
})
