import { runInBun } from "./run-in-bun.ts"
import { runInDeno } from "./run-in-deno.ts"
import { runInNode } from "./run-in-node.ts"
import { runInWorkerd } from "./run-in-workerd.ts"
import type { Runner } from "./runner.ts"
import type { BrowserName, RuntimeName } from "./suite.ts"

/** A runtime that is not a browser. */
export type ServerName = Exclude<RuntimeName, BrowserName>

export const runners: Readonly<Record<ServerName, Runner>> = {
  node: runInNode,
  deno: runInDeno,
  bun: runInBun,
  workerd: (bundle, config, options) => runInWorkerd(bundle, config, { ...options, newest: false }),
  "workerd-newest": (bundle, config, options) =>
    runInWorkerd(bundle, config, { ...options, newest: true }),
}
