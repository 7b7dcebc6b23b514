// Runs main.ts: bundled first, since Node 20 reads no TypeScript.
import { build } from "esbuild"

const outfile = new URL(".built/main.js", import.meta.url)
await build({
  entryPoints: [new URL("main.ts", import.meta.url).pathname],
  outfile: outfile.pathname,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
})
await import(outfile.href)
