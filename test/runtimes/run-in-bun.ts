import { fileURLToPath } from "node:url"
import { childRunner } from "./run-in-child.ts"
import type { Runner } from "./runner.ts"

/** Runs a suite in Bun. */
export const runInBun: Runner = childRunner({
  runtime: "bun",
  path: fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url)),
  args: ["run", "--no-install"],
})
