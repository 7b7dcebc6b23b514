import { build } from "esbuild"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import type { StaticFile } from "../origin/static-files.ts"
import { packageFiles } from "./package-files.ts"

// The page may load its own files, and call an API at any port of this machine.
const POLICY = "default-src 'self'; connect-src 'self' http://127.0.0.1:*; base-uri 'none'; frame-ancestors 'none'"

/** The files of the page, by path. */
export async function buildPage(root: URL): Promise<ReadonlyMap<string, StaticFile>> {
  const folder = new URL("examples/browser/", root)
  const read = (name: string): Promise<string> => readFile(new URL(name, folder), "utf8")
  const result = await build({
    entryPoints: [fileURLToPath(new URL("src/main.ts", folder))],
    alias: packageFiles(root),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  })
  const script = result.outputFiles[0]?.text ?? ""
  return new Map<string, StaticFile>([
    ["/", { type: "text/html; charset=utf-8", body: await read("index.html"), headers: { "Content-Security-Policy": POLICY } }],
    ["/style.css", { type: "text/css; charset=utf-8", body: await read("style.css") }],
    ["/icon.svg", { type: "image/svg+xml", body: await read("icon.svg") }],
    ["/main.js", { type: "text/javascript; charset=utf-8", body: script }],
    // The page shows the source of its client.
    ["/client.ts", { type: "text/plain; charset=utf-8", body: await read("src/client.ts") }],
  ])
}
