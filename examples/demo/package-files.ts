import { fileURLToPath } from "node:url"

/** The package by its sources, for esbuild: the demo shows what stands in them now. */
export function packageFiles(root: URL): Record<string, string> {
  const file = (path: string): string => fileURLToPath(new URL(`src/${path}`, root))
  return {
    "webbreaker/local-storage": file("stores/local-storage/index.ts"),
    "webbreaker/durable-object": file("stores/durable-object/index.ts"),
    webbreaker: file("index.ts"),
  }
}
