import { fileURLToPath } from "node:url"
import { childRunner } from "./run-in-child.ts"
import type { Runner } from "./runner.ts"

export const denoPath: string = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url))
const args = ["run", "--quiet", "--no-config", "--no-lock", "--no-prompt", "--no-remote", "--allow-net"]

/** Makes a runner for Deno with further flags, for permissions or unstable features. */
export function denoRunner(...flags: readonly string[]): Runner {
  return childRunner({ runtime: "deno", path: denoPath, args: [...args, ...flags] })
}

/** Runs a suite in Deno with access to the network only. */
export const runInDeno: Runner = denoRunner()
