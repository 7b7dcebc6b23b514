// `npm start`. Bundles the demo first, since Node 20 reads no TypeScript.
import { rmSync } from "node:fs"
import { build } from "esbuild"

const outfile = new URL(`.built/demo-${process.pid}.js`, import.meta.url)
await build({
  entryPoints: [new URL("demo.ts", import.meta.url).pathname],
  outfile: outfile.pathname,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  logLevel: "warning",
})
const { runDemo } = await import(outfile.href)
rmSync(outfile)
await runDemo(new URL("../../", import.meta.url))
