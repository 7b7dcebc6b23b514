import { spawn } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { arrive } from "./arrival.ts"
import type { Browser, Tab } from "./browser.ts"
import { pause, withDeadline } from "./deadline.ts"
import type { WebKitPrograms } from "./find-browser.ts"
import type { Profile } from "./profile.ts"
import { createTab } from "./tab.ts"
import { startDisplay } from "./virtual-display.ts"
import { type WebDriver, call, openSession } from "./web-driver.ts"

/** WebKitGTK's MiniBrowser behind WebKitWebDriver. Its hidden windows are never throttled. */
export async function launchWebKit(programs: WebKitPrograms, profile: Profile): Promise<Browser> {
  const display = await startDisplay(programs.display, profile)
  const server = await startDriver(programs.driver, profile, display)
  const driver = await openSession(server, {
    // Any other strategy delays commands to a page that is waiting for a slow navigation.
    pageLoadStrategy: "none",
    unhandledPromptBehavior: "dismiss",
    "webkitgtk:browserOptions": { binary: programs.miniBrowser, args: ["--automation"] },
  })
  // This window stays open: without any window the session ends, and a new window has to be requested
  // from an existing one.
  const [base = ""] = await driver.send<string[]>("GET", "/window/handles")

  return {
    engine: "webkit",
    version: driver.version,
    newTab: async (url) => {
      const tab = await openTab(driver, base)
      if (url !== undefined) await tab.goto(url)
      return tab
    },
    processIds: () => profile.processIds(),
    close: async () => {
      await withDeadline(driver.send("DELETE", ""), 5_000, "Closing WebKit").catch(() => {})
      await profile.dispose()
    },
  }
}

async function startDriver(executable: string, profile: Profile, display: string): Promise<string> {
  const port = await freePort()
  const child = spawn(executable, [`--port=${port}`], {
    detached: true,
    stdio: "ignore",
    env: { ...profile.env, DISPLAY: display, GDK_BACKEND: "x11" },
  })
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`WebKitWebDriver ended with code ${code}`)))
  })
  failed.catch(() => {})

  const server = `http://127.0.0.1:${port}`
  while (!(await Promise.race([isReady(server), failed]))) await pause(20)
  return server
}

async function isReady(server: string): Promise<boolean> {
  try {
    return (await call<{ ready: boolean }>("GET", `${server}/status`)).ready
  } catch {
    return false
  }
}

// With --port=0 the driver picks a port and does not report it.
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function openTab(driver: WebDriver, base: string): Promise<Tab> {
  // A real tab would be hidden even while it is the only one in use, and a hidden tab never answers
  // a screenshot command. A window shares the profile too.
  const { handle } = await driver.sendTo<{ handle: string }>(base, "POST", "/window/new", {
    type: "window",
  })
  const post = <T>(path: string, body: object): Promise<T> =>
    driver.sendTo(handle, "POST", path, body)
  const run = (expression: string): Promise<string> =>
    post("/execute/sync", { script: `return ${expression}`, args: [] })

  return createTab({
    consoleErrors: [],
    run,
    navigate: (url) => arrive(run, () => post("/url", { url }), url),
    reload: () => arrive(run, () => post("/refresh", {})),
    screenshot: async () => {
      return Buffer.from(await driver.sendTo<string>(handle, "GET", "/screenshot"), "base64")
    },
    close: () => driver.sendTo(handle, "DELETE", "/window"),
    abilities: {},
  })
}
