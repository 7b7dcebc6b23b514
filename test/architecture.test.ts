/**
 * The rules for the structure of the sources. A file imports only from its own layer or from further in, never
 * from an entry, and never from outside the project. The core uses no name of a platform.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { expect, test } from "vitest"

const src = new URL("../src", import.meta.url).pathname
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
const text = (file: string): string => readFileSync(join(src, file), "utf8")

/** The code without comments and strings, since those may contain any word. */
const code = (file: string): string =>
  text(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*$/gm, "")

const specifiers = (file: string): string[] =>
  [...code(file).matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1] as string)

const imports = (file: string): string[] =>
  specifiers(file).map((specifier) => relative(src, join(src, dirname(file), specifier)))

/** 0 is the centre. */
function layer(file: string): number {
  if (file.startsWith("core/")) return 0
  return file.includes("/") ? 2 : 1
}

const isEntry = (file: string): boolean => file.endsWith("index.ts")

test.each(files)("src/%s imports files of the project only, by their full names", (file) => {
  for (const specifier of specifiers(file)) expect(specifier).toMatch(/^\.\.?\/.*\.ts$/)
})

test.each(files.filter((file) => !isEntry(file)))("src/%s imports from its own layer or from further in", (file) => {
  for (const imported of imports(file)) {
    expect(isEntry(imported), `${file} -> ${imported}`).toBe(false)
    expect(layer(imported), `${file} -> ${imported}`).toBeLessThanOrEqual(layer(file))
  }
})

test("no files import each other in a circle", () => {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    expect(path, [...path, file].join(" -> ")).not.toContain(file)
    if (done.has(file)) return
    for (const imported of imports(file)) visit(imported, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
})

// Names that belong to a platform and not to the language.
const platform = [
  ...["performance", "Date", "setTimeout", "setInterval", "queueMicrotask", "requestAnimationFrame"],
  ...["Promise", "async", "await", "AbortController", "AbortSignal", "Event", "EventTarget"],
  ...["window", "document", "navigator", "self", "globalThis", "fetch", "Request", "Response", "crypto", "structuredClone"],
  ...["localStorage", "process", "console", "reportError", "random"],
]
test.each(files.filter((file) => layer(file) === 0))("src/%s uses no name of a platform", (file) => {
  const outOfTemplates = code(file).replace(/`[^`]*`/g, (template) => (template.match(/\$\{[^}]*/g) ?? []).join(" "))
  // A property may have any name, but for Math.random.
  const bare = outOfTemplates.replace(/"[^"]*"|(?<!Math)\.\w+|\w+\??:|\w+(?=: \w+ })/g, "")
  const words = new Set(bare.match(/[\w$]+/g))
  expect(platform.filter((word) => words.has(word))).toEqual([])
})
