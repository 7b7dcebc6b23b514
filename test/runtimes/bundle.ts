import { build } from "esbuild"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"

export interface BundleOptions {
  /** Modules that stay imports, such as `cloudflare:workers`. */
  readonly external?: readonly string[]
  /** Files that replace packages. */
  readonly alias?: Readonly<Record<string, string>>
}

/**
 * Bundles a cases file and the code that runs it to the text of one ES module with the export
 * `run(config: SuiteConfig): Promise<CaseResult[]>`. Nothing is defined or replaced, so that all
 * runtimes get exactly the same text.
 */
export async function bundleSuite(
  entry: string | URL,
  options: BundleOptions = {},
): Promise<string> {
  const cases = typeof entry === "string" ? resolve(entry) : fileURLToPath(entry)
  const suite = fileURLToPath(new URL("suite.ts", import.meta.url))
  return bundle(
    `import { cases } from ${JSON.stringify(cases)}
     import { runCases } from ${JSON.stringify(suite)}
     export const run = (config) => runCases(cases, config)`,
    options,
  )
}

/** Bundles the source text of a module, which may import by absolute paths. */
export async function bundle(source: string, options: BundleOptions = {}): Promise<string> {
  const result = await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    external: [...(options.external ?? [])],
    alias: { ...options.alias },
    logLevel: "silent",
  })
  const [file] = result.outputFiles
  if (file === undefined) throw new Error("esbuild wrote no file")
  return file.text
}
