import { spawn } from "node:child_process"
import { join } from "node:path"
import type {
  BrowserContext,
  CDPSession,
  Page,
  Browser as PlaywrightBrowser,
} from "playwright-core"
import { chromium } from "playwright-core"
import type { Browser, LaunchOptions, Tab } from "./browser.ts"
import { withDeadline } from "./deadline.ts"
import type { Profile } from "./profile.ts"
import { createTab } from "./tab.ts"

const flags = [
  "--headless",
  "--remote-debugging-port=0",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-breakpad",
  "--disable-component-update",
  "--disable-sync",
  // Containers often come with a /dev/shm that is too small for a renderer.
  "--disable-dev-shm-usage",
  "--password-store=basic",
]

const unthrottledFlags = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
]

/**
 * Chromium, started by hand and only then handed to Playwright without its defaults. With
 * `chromium.launch` every tab pretends to be visible and focused, so that none can be hidden or
 * frozen, and the back/forward cache is switched off.
 */
export async function launchChromium(
  executable: string,
  profile: Profile,
  options: LaunchOptions,
): Promise<Browser> {
  const endpoint = await start(executable, profile, options)
  const browser = await chromium.connectOverCDP(endpoint, {
    noDefaults: true,
    isLocal: true,
    artifactsDir: join(profile.path, "artifacts"),
  })
  const context = browser.contexts()[0]
  if (!context) throw new Error("Chromium has no default context")

  return {
    engine: "chromium",
    version: browser.version(),
    newTab: async (url) => {
      const tab = await openTab(context)
      if (url !== undefined) await tab.goto(url)
      return tab
    },
    processIds: () => profile.processIds(),
    close: async () => {
      await withDeadline(quit(browser), 5_000, "Closing Chromium").catch(() => {})
      await profile.dispose()
    },
  }
}

/** Closing only the connection would leave the browser running. */
async function quit(browser: PlaywrightBrowser): Promise<void> {
  const gone = new Promise<void>((resolve) => browser.once("disconnected", () => resolve()))
  if (!browser.isConnected()) return
  const session = await browser.newBrowserCDPSession()
  // The answer may get lost with the connection.
  session.send("Browser.close").catch(() => {})
  await gone
}

function start(executable: string, profile: Profile, options: LaunchOptions): Promise<string> {
  const child = spawn(
    executable,
    [
      ...flags,
      ...(options.throttleHiddenTabs ? [] : unthrottledFlags),
      `--user-data-dir=${join(profile.path, "profile")}`,
      // This tab keeps the browser open when a test closes all of its own tabs.
      "about:blank",
    ],
    { detached: true, stdio: ["ignore", "ignore", "pipe"], env: profile.env },
  )
  return new Promise((resolve, reject) => {
    let log = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-20_000)
      const endpoint = /DevTools listening on (ws:\S+)/.exec(log)?.[1]
      if (endpoint !== undefined) resolve(endpoint)
    })
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`Chromium ended with code ${code}: ${log}`)))
  })
}

async function openTab(context: BrowserContext): Promise<Tab> {
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  const consoleErrors: string[] = []
  page.on("console", (message) => {
    if (message.type() === "error") consoleErrors.push(message.text())
  })
  page.on("pageerror", (error) => consoleErrors.push(String(error)))
  const crashed = new Promise<never>((_resolve, reject) => {
    page.once("crash", () => reject(new Error("The tab has crashed")))
  })
  crashed.catch(() => {})

  return createTab({
    consoleErrors,
    run: (expression) => Promise.race([evaluate(session, expression), crashed]),
    navigate: (url) => page.goto(url),
    reload: () => page.reload(),
    screenshot: async () => {
      // A hidden tab is not painted, and the command would wait for that.
      await page.bringToFront()
      return page.screenshot()
    },
    close: () => page.close(),
    abilities: {
      bringToFront: () => page.bringToFront(),
      crash: () => crash(page, session),
      freeze: async () => {
        // Only a hidden page can be frozen. Another tab hides it, since otherwise it could not be shown again.
        await context.pages()[0]?.bringToFront()
        await session.send("Page.setWebLifecycleState", { state: "frozen" })
      },
      resume: async () => {
        await session.send("Page.setWebLifecycleState", { state: "active" })
        await page.bringToFront()
      },
      usedHeap: async () => {
        await session.send("HeapProfiler.collectGarbage")
        return (await session.send("Runtime.getHeapUsage")).usedSize
      },
      setOffline: async (offline) => {
        await session.send("Network.emulateNetworkConditions", {
          offline,
          latency: 0,
          downloadThroughput: -1,
          uploadThroughput: -1,
        })
      },
    },
  })
}

// Not `page.evaluate`, since a page can block that with its Content-Security-Policy.
async function evaluate(session: CDPSession, expression: string): Promise<string> {
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression,
    returnByValue: true,
  })
  if (exceptionDetails) throw new Error(result.description ?? exceptionDetails.text)
  return String(result.value)
}

async function crash(page: Page, session: CDPSession): Promise<void> {
  const crashed = page.waitForEvent("crash", { timeout: 10_000 })
  // This command is never answered, since the renderer is dead.
  session.send("Page.crash").catch(() => {})
  await crashed
}
