import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  readdirSync,
} from "node:fs"
import { delimiter, join } from "node:path"
import { chromium } from "playwright-core"
import type { Engine } from "./engine.ts"

export interface WebKitPrograms {
  readonly miniBrowser: string
  readonly driver: string
  readonly display: string
}

/** Path of the program {@link launch} would start for `engine`, or undefined when there is none. */
export function findBrowser(engine: Engine): string | undefined {
  switch (engine) {
    case "chromium":
      return (
        onPath(["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]) ??
        playwrightBuild()
      )
    case "firefox":
      return onPath(["firefox-esr", "firefox"])
    case "webkit":
      return findWebKit()?.miniBrowser
  }
}

/** The three programs that make a drivable WebKitGTK, or undefined unless all are there. */
export function findWebKit(): WebKitPrograms | undefined {
  const miniBrowser = findMiniBrowser()
  const driver = onPath(["WebKitWebDriver"])
  const display = onPath(["Xvfb"])
  if (!miniBrowser || !driver || !display) return undefined
  return { miniBrowser, driver, display }
}

export function onPath(names: readonly string[]): string | undefined {
  // Cron and minimal containers may leave out /usr/bin.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"]
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name)
      if (folder !== "" && isExecutable(path) && !isSnapStub(path)) return path
    }
  }
  return undefined
}

export function findMiniBrowser(): string | undefined {
  const roots = ["/usr/libexec", "/usr/lib"]
  if (existsSync("/usr/lib")) roots.push(...readdirSync("/usr/lib").map((d) => join("/usr/lib", d)))
  for (const version of ["webkit2gtk-4.1", "webkitgtk-6.0", "webkit2gtk-4.0"]) {
    for (const root of roots) {
      const path = join(root, version, "MiniBrowser")
      if (isExecutable(path)) return path
    }
  }
  return undefined
}

function playwrightBuild(): string | undefined {
  try {
    const path = chromium.executablePath()
    return isExecutable(path) ? path : undefined
  } catch {
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Ubuntu ships scripts that only start a snap, and a snap cannot see a profile below /tmp. */
function isSnapStub(path: string): boolean {
  const head = Buffer.alloc(4096)
  const file = openSync(path, "r")
  try {
    const text = head.toString("latin1", 0, readSync(file, head))
    return text.startsWith("#!") && text.includes("/snap/")
  } finally {
    closeSync(file)
  }
}
