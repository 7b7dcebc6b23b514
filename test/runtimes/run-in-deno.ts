import { fileURLToPath } from "node:url"
import { childRunner } from "./run-in-child.ts"
import type { Runner } from "./runner.ts"

export const denoPath: string = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url))
const args = ["run", "--quiet", "--no-config", "--no-lock", "--no-prompt", "--no-remote", "--allow-net"]

/** Makes a runner for Deno with further flags: permissions, or what is not stable there. */
export function denoRunner(...flags: readonly string[]): Runner {
  return childRunner({ runtime: "deno", path: denoPath, args: [...args, ...flags] })
}

/** Runs a suite in Deno, which may use the network and nothing else. */
export const runInDeno: Runner = denoRunner()
