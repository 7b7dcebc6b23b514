import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, readdirSync, realpathSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Socket } from "node:net"
import type { Engine } from "./engine.ts"

/** The temporary folder of one browser. Disposing of it ends the browser too. */
export interface Profile {
  readonly path: string

  /** Environment for every process of the browser. It also marks them as belonging to this profile. */
  readonly env: Record<string, string>

  processIds(): number[]

  /** Kills whatever still runs here and deletes the folder. May be called twice. */
  dispose(): Promise<void>
}

/**
 * Waits until its standard input ends, which also happens when the parent is killed, then kills
 * all processes that carry the profile's path and deletes it. Crash handlers leave the browser's
 * process group and outlive their parent, so neither group nor parentage finds them all; the
 * environment does, except for Chromium's children, which overwrite it but name the folder in their
 * arguments.
 *
 * The path comes in on standard input because arguments would make the script find itself.
 */
const reaper = `
IFS= read -r profile
while IFS= read -r _; do :; done
[ -n "$profile" ] || exit 0
for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  ids=$(printf '%s' "$profile" |
    grep -lsaFf - /proc/[0-9]*/environ /proc/[0-9]*/cmdline | cut -d/ -f3 | sort -u)
  [ -n "$ids" ] || break
  kill -9 $ids
  sleep 0.1
done
rm -rf "$profile" || { sleep 1; rm -rf "$profile"; }
`

export function createProfile(engine: Engine): Profile {
  const path = mkdtempSync(join(realpathSync(tmpdir()), `webbreaker-${engine}-`))
  const child = spawn("/bin/sh", ["-c", reaper], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  })
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve())
    child.once("error", () => resolve())
  })
  child.stdin.on("error", () => {})
  child.stdin.write(`${path}\n`)
  // Neither the process nor its pipe may keep a finished test process alive.
  child.unref()
  ;(child.stdin as Socket).unref()

  return {
    path,
    env: profileEnv(path),
    processIds: () => processesNaming(path),
    dispose: async () => {
      child.ref()
      child.stdin.end()
      await gone
    },
  }
}

function profileEnv(path: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry) => entry[1] !== undefined)
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    HOME: path,
    TMPDIR: path,
    XDG_RUNTIME_DIR: path,
    XDG_CONFIG_HOME: join(path, "config"),
    XDG_CACHE_HOME: join(path, "cache"),
    XDG_DATA_HOME: join(path, "data"),
    // Otherwise GTK would start a session bus of its own, which would outlive the browser.
    DBUS_SESSION_BUS_ADDRESS: "disabled:",
    NO_AT_BRIDGE: "1",
  }
}

function processesNaming(path: string): number[] {
  return entries("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => (text(`/proc/${id}/environ`) + text(`/proc/${id}/cmdline`)).includes(path))
    .map(Number)
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, "latin1")
  } catch {
    return ""
  }
}
