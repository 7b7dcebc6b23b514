// Runs bench.ts: bundled first, since Node 20 reads no TypeScript.
import { build } from "esbuild"

const outfile = new URL(".built/bench.js", import.meta.url)
await build({
  entryPoints: [new URL("bench.ts", import.meta.url).pathname],
  outfile: outfile.pathname,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  // As deep as the files it is made of, which find others by where they are.
  define: { "import.meta.url": JSON.stringify(new URL("bench.ts", import.meta.url).href) },
  logLevel: "warning",
})
await import(outfile.href)
