// Runs a TypeScript file: bundled first, since Node 20 reads none. `node test/run-bundled.mjs FILE [ARGUMENTS]`
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
  // As deep as the files it is made of, which find others by where they are.
  define: { "import.meta.url": JSON.stringify(source.href) },
  logLevel: "warning",
})
process.argv = [process.argv[0], source.pathname, ...rest]
await import(outfile.href)
