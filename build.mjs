// Builds dist: one file for each entry of package.json, with what they share split off, so
// that a class imported through two entries is the same class.
import { readFileSync, rmSync } from "node:fs"
import { build } from "esbuild"

const root = new URL(".", import.meta.url).pathname
const { exports } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"))
const entryPoints = Object.values(exports)
  .filter((entry) => entry.default)
  .map((entry) => entry.default.replace("./dist/", "src/").replace(/\.js$/, ".ts"))

rmSync(`${root}dist`, { recursive: true, force: true })
await build({
  absWorkingDir: root,
  entryPoints,
  outdir: "dist",
  outbase: "src",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  chunkNames: "shared-[hash]",
  // The sources are in the package, so the maps need no copy of them.
  sourcemap: "linked",
  sourcesContent: false,
  logLevel: "warning",
})
