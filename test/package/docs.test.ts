/** The documents are complete: all links have a target, and all public symbols are documented. */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"

const root = new URL("../..", import.meta.url).pathname
const documents = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".md") && !/(^|\/)(node_modules|dist|docs)\//.test(file),
)
const read = (file: string): string => readFileSync(join(root, file), "utf8")

/** The links of a Markdown text, except those in code. */
const links = (text: string): string[] =>
  [...text.replace(/```[\s\S]*?```|`[^`\n]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string)

/** The anchors that GitHub gives the headings. */
const anchors = (text: string): string[] =>
  [...text.replace(/```[\s\S]*?```/g, "").matchAll(/^#+ (.*)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  )

test.each(documents)("each link of %s has a target", (file) => {
  for (const link of links(read(file))) {
    if (/^https:\/\//.test(link)) continue
    const [path = "", anchor] = link.split("#")
    const target = path ? join(dirname(file), path) : file
    expect(existsSync(join(root, target)), `${link} in ${file}`).toBe(true)
    if (anchor) expect(anchors(read(target)), `${link} in ${file}`).toContain(anchor)
  }
})

test("all public symbols are documented, and refer only to public types", () => {
  const { exports } = JSON.parse(read("jsr.json")) as { exports: Record<string, string> }
  const { status, stderr } = spawnSync("node_modules/.bin/deno", ["doc", "--lint", ...Object.values(exports)], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  })
  expect(stderr.match(/(error.*\n|-->.*)/g)?.join("") ?? "").toBe("")
  expect(status).toBe(0)
})
