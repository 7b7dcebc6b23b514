// Bundles and runs a TypeScript file, which Node 20 cannot read. `node test/run-bundled.mjs FILE [ARGUMENTS]`
import { basename } from "node:path"
import { pathToFileURL } from "node:url"
import { build } from "esbuild"

const [, , file, ...rest] = process.argv
const source = pathToFileURL(file)
const outfile = new URL(`.built/${basename(file, ".ts")}.js`, source)
await build({
  entryPoints: [source.pathname],
  outfile: outfile.pathname,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  // The bundled files find others relative to their own URL, and are as deep in the tree as this one.
  define: { "import.meta.url": JSON.stringify(source.href) },
  logLevel: "warning",
})
process.argv = [process.argv[0], source.pathname, ...rest]
await import(outfile.href)
