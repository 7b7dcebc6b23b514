import { join } from "node:path"
import puppeteer from "puppeteer-core"
import { type BidiConnection, type LogEntry, connectionOf } from "./bidi-connection.ts"
import type { Browser, LaunchOptions, Tab } from "./browser.ts"
import { withDeadline } from "./deadline.ts"
import type { Profile } from "./profile.ts"
import { createTab } from "./tab.ts"

const unthrottledPreferences = {
  "dom.min_background_timeout_value": 4,
  "dom.min_background_timeout_value_without_budget_throttling": 4,
  "dom.timeout.enable_budget_timer_throttling": false,
}

/**
 * Firefox over WebDriver BiDi. Puppeteer starts it and holds the connection, but its pages are not
 * used: they lose track of the document once one came out of the back/forward cache, and every
 * later `goto` or `reload` runs into its timeout.
 */
export async function launchFirefox(
  executablePath: string,
  profile: Profile,
  options: LaunchOptions,
): Promise<Browser> {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    userDataDir: join(profile.path, "profile"),
    env: profile.env,
    extraPrefsFirefox: options.throttleHiddenTabs ? {} : unthrottledPreferences,
    defaultViewport: null,
    timeout: 60_000,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
  const connection = connectionOf(browser)

  return {
    engine: "firefox",
    version: (await browser.version()).replace(/^firefox\//i, ""),
    newTab: async (url) => {
      const tab = await openTab(connection)
      if (url !== undefined) await tab.goto(url)
      return tab
    },
    processIds: () => profile.processIds(),
    close: async () => {
      await withDeadline(browser.close(), 5_000, "Closing Firefox").catch(() => {})
      await profile.dispose()
    },
  }
}

async function openTab(connection: BidiConnection): Promise<Tab> {
  const created = await connection.send("browsingContext.create", { type: "tab" })
  const context = created.result["context"] as string
  const consoleErrors: string[] = []
  const listen = (entry: LogEntry): void => {
    if (entry.source.context === context && entry.level === "error") {
      consoleErrors.push(entry.text ?? "")
    }
  }
  connection.on("log.entryAdded", listen)
  const send = async (method: string, parameters: Record<string, unknown> = {}): Promise<void> => {
    await connection.send(method, { context, ...parameters })
  }

  return createTab({
    consoleErrors,
    run: (expression) => evaluate(connection, context, expression),
    navigate: (url) => send("browsingContext.navigate", { url, wait: "complete" }),
    reload: () => send("browsingContext.reload", { wait: "complete" }),
    screenshot: async () => {
      const shot = await connection.send("browsingContext.captureScreenshot", { context })
      return Buffer.from(shot.result["data"] as string, "base64")
    },
    close: async () => {
      await send("browsingContext.close")
      connection.off("log.entryAdded", listen)
    },
    abilities: {
      bringToFront: () => send("browsingContext.activate"),
      setOffline: async (offline) => {
        await connection.send("emulation.setNetworkConditions", {
          contexts: [context],
          networkConditions: offline ? { type: "offline" } : null,
        })
      },
    },
  })
}

async function evaluate(
  connection: BidiConnection,
  context: string,
  expression: string,
): Promise<string> {
  const { result } = await connection.send("script.evaluate", {
    expression,
    target: { context },
    awaitPromise: false,
  })
  if (result["type"] === "exception") throw new Error(JSON.stringify(result["exceptionDetails"]))
  return (result["result"] as { value: string }).value
}
