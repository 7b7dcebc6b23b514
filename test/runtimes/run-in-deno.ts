import { fileURLToPath } from "node:url"
import { childRunner } from "./run-in-child.ts"
import type { Runner } from "./runner.ts"

/** Runs a suite in Deno, which may use the network and nothing else. */
export const runInDeno: Runner = childRunner({
  runtime: "deno",
  path: fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url)),
  args: ["run", "--quiet", "--no-config", "--no-lock", "--no-prompt", "--no-remote", "--allow-net"],
})
