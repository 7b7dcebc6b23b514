import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { pause } from "./deadline.ts"
import type { Engine } from "./engine.ts"
import { findBrowser, findMiniBrowser, onPath } from "./find-browser.ts"

/** The machine, as {@link installBrowsers} reads and changes it. */
export interface Machine {
  readonly isRoot: boolean
  readonly hasAptGet: boolean
  find(engine: Engine): string | undefined

  /** The Debian packages that `engine` needs and that are not there yet. */
  packagesFor(engine: Engine): readonly string[]
  aptGet(command: readonly string[]): Promise<{ readonly ok: boolean; readonly output: string }>
  pause(ms: number): Promise<void>
}

const aptGetPath = "/usr/bin/apt-get"

export const thisMachine: Machine = {
  isRoot: process.getuid?.() === 0,
  hasAptGet: existsSync(aptGetPath),
  find: findBrowser,
  packagesFor,
  aptGet,
  pause,
}

function packagesFor(engine: Engine): readonly string[] {
  switch (engine) {
    case "chromium":
      return ["chromium"]
    case "firefox":
      return ["firefox-esr"]
    case "webkit": {
      // The driver package depends on the library, which brings MiniBrowser along.
      const driver = onPath(["WebKitWebDriver"]) && findMiniBrowser() ? [] : ["webkit2gtk-driver"]
      return onPath(["Xvfb"]) ? driver : [...driver, "xvfb"]
    }
  }
}

function aptGet(command: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const options = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3", "-q"]
  return new Promise((resolve) => {
    execFile(
      aptGetPath,
      [...options, ...command],
      {
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        resolve({ ok: !error, output: error ? stderr || stdout || error.message : stdout })
      },
    )
  })
}
