import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Browser, Tab } from "./browser.ts"
import { pause } from "./deadline.ts"
import { engines } from "./engine.ts"
import { findBrowser } from "./find-browser.ts"
import { goOffline } from "./go-offline.ts"
import { launch } from "./launch.ts"
import { type PageServer, startPageServer } from "./page-server.ts"

const fetchHere = (): Promise<string> =>
  fetch("/data").then(
    () => "answered",
    (error: Error) => error.name,
  )

describe.each(engines)("Abilities of a Tab in %s", { timeout: 60_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  const chromium = engine === "chromium" && !missing
  let server: PageServer
  let browser: Browser
  let one: Tab
  let two: Tab

  beforeAll(async () => {
    if (missing) return
    server = await startPageServer()
    browser = await launch(engine, { throttleHiddenTabs: true })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  }, 60_000)

  beforeEach(async () => {
    if (missing) return
    one = await browser.newTab(`${server.origin}/one`)
    two = await browser.newTab(`${server.origin}/two`)
    return async () => {
      await one.close()
      await two.close()
    }
  }, 60_000)

  test.skipIf(missing)("are exactly those of the engine", () => {
    const names = ["bringToFront", "crash", "freeze", "resume", "usedHeap", "setOffline"] as const
    const has = names.filter((name) => one[name] !== undefined)
    const firefox = ["bringToFront", "setOffline"]
    expect(has).toEqual({ chromium: names, firefox, webkit: [] }[engine])
  })

  test.skipIf(!chromium)("crash() kills the renderer and no sibling", async () => {
    await one.evaluate(() => localStorage.setItem("key", "left behind"))
    await one.crash?.()
    await expect(one.evaluate("1")).rejects.toThrow("crashed")
    expect(await two.evaluate(() => localStorage.getItem("key"))).toBe("left behind")
  })

  test.skipIf(!chromium)("freeze() stops timers until resume()", async () => {
    await one.evaluate("void (window.ticks = 0, setInterval(() => ticks++, 10))")
    await one.evaluate("void document.addEventListener('freeze', () => (window.froze = true))")
    await one.bringToFront?.()
    await one.waitFor("ticks > 2")
    await one.freeze?.()
    const before = await one.waitFor<number>("froze && ticks")
    await pause(300)
    expect(await one.evaluate("ticks")).toBe(before)
    expect(await one.evaluate(() => document.visibilityState)).toBe("hidden")

    await one.resume?.()
    await one.waitFor(`ticks > ${before} + 2`)
    await one.waitFor("document.visibilityState === 'visible'")
  })

  test.skipIf(missing || engine === "webkit")("bringToFront() hides the sibling", async () => {
    await two.waitFor("document.visibilityState === 'visible'")
    await one.bringToFront?.()
    await one.waitFor("document.visibilityState === 'visible'")
    await two.waitFor("document.visibilityState === 'hidden'")
  })

  test.skipIf(missing || engine === "webkit")("slow down the timers of a hidden tab with throttleHiddenTabs", async () => {
    await two.bringToFront?.()
    await one.waitFor("document.visibilityState === 'hidden'")
    const tookMs = await one.evaluate(async () => {
      const start = performance.now()
      for (let n = 0; n < 3; n++) await new Promise((resolve) => setTimeout(resolve, 10))
      return performance.now() - start
    })
    expect(tookMs).toBeGreaterThan(1_000)
  })

  test.skipIf(missing || engine === "webkit")("setOffline() cuts one tab only", async ({ skip }) => {
    await goOffline(one, browser, skip)
    expect(await one.evaluate(fetchHere)).toBe("TypeError")
    expect(await one.evaluate(() => navigator.onLine)).toBe(false)
    expect(await two.evaluate(fetchHere)).toBe("answered")
    await one.setOffline?.(false)
    expect(await one.evaluate(fetchHere)).toBe("answered")
  })
})
