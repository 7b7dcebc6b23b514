import { gzipSync } from "node:zlib"
import { build } from "esbuild"

const root = new URL("../..", import.meta.url).pathname

/** The size in bytes of a module in the root of the project, bundled with all imports, minified and gzipped. */
export async function bundleSize(source: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  })
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).byteLength
}
