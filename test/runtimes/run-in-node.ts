import { childRunner } from "./run-in-child.ts"
import type { Runner } from "./runner.ts"

/** Runs a suite in the same Node as this. */
export const runInNode: Runner = childRunner({ runtime: "node", path: process.execPath, args: [] })
