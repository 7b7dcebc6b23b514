import { fileURLToPath } from "node:url"

/** Aliases for esbuild, from the package to its sources, so that the demo runs the current sources. */
export function packageFiles(root: URL): Record<string, string> {
  const file = (path: string): string => fileURLToPath(new URL(`src/${path}`, root))
  return {
    "webbreaker/local-storage": file("stores/local-storage/index.ts"),
    "webbreaker/durable-object": file("stores/durable-object/index.ts"),
    webbreaker: file("index.ts"),
  }
}
