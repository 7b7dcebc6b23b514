import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Browser, Tab } from "./browser.ts"
import { pause } from "./deadline.ts"
import { engines } from "./engine.ts"
import { findBrowser } from "./find-browser.ts"
import { launch } from "./launch.ts"
import { type PageServer, startPageServer } from "./page-server.ts"

declare const shows: boolean[]

describe.each(engines)("Tab in %s", { timeout: 60_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  let server: PageServer
  let browser: Browser
  let tab: Tab

  beforeAll(async () => {
    if (missing) return
    server = await startPageServer()
    browser = await launch(engine)
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  }, 60_000)

  beforeEach(async () => {
    if (!missing) tab = await browser.newTab(`${server.origin}/first`)
  }, 60_000)

  afterEach(async () => {
    await tab?.close()
  }, 60_000)

  const path = (): Promise<string> => tab.evaluate(() => location.pathname)

  test.skipIf(missing)("evaluate() awaits the page and carries arguments and results", async () => {
    expect(await tab.evaluate("1 + 1")).toBe(2)
    expect(await tab.evaluate("(a, b) => a + b", 1, 2)).toBe(3)
    expect(await tab.evaluate(() => undefined)).toBeUndefined()
    const both = (list: number[], text: string): object => ({ list, text })
    expect(await tab.evaluate(both, [1], "</a>")).toEqual({ list: [1], text: "</a>" })
    const slow = (ms: number): Promise<number> => new Promise((r) => setTimeout(r, ms, ms))
    expect(await tab.evaluate(slow, 60)).toBe(60)
  })

  test.skipIf(missing)("evaluate() rejects with the error of the page", async () => {
    const failed = tab.evaluate(async () => {
      throw new RangeError("too much")
    })
    await expect(failed).rejects.toMatchObject({
      name: "PageError",
      pageErrorName: "RangeError",
      message: "RangeError: too much",
    })
    await expect(tab.evaluate("nothing.there")).rejects.toMatchObject({
      pageErrorName: "ReferenceError",
    })
    const aborted = tab.evaluate((url: string) => fetch(url, { signal: AbortSignal.abort() }), "/a")
    await expect(aborted).rejects.toMatchObject({ pageErrorName: "AbortError" })
  })

  test.skipIf(missing)("evaluate() rejects when the page is left before the result", async () => {
    const pending = tab.evaluate(() => new Promise(() => {}))
    const rejected = expect(pending).rejects.toThrow("was left")
    await tab.evaluate("'the one before has begun'")
    await tab.goto(`${server.origin}/second`)
    await rejected
  })

  test.skipIf(missing)("evaluate() works under a strict Content-Security-Policy", async () => {
    await tab.goto(`${server.origin}/strict`)
    expect(await tab.evaluate((n: number) => Promise.resolve(n), 1)).toBe(1)
  })

  test.skipIf(missing)("goto() rejects when nothing answers", async () => {
    await expect(tab.goto("http://127.0.0.1:9/")).rejects.toThrow()
  })

  test.skipIf(missing)("reload() gives a new document at the same place", async () => {
    await tab.evaluate("void (window.mark = 1)")
    await tab.reload()
    expect(await tab.evaluate("typeof mark")).toBe("undefined")
    expect(await path()).toBe("/first")
  })

  test.skipIf(missing)("back() restores the page from the back/forward cache", async () => {
    await tab.evaluate("void (window.mark = 1)")
    await tab.navigateByScript(`${server.origin}/second`)
    await tab.waitFor(() => location.pathname === "/second" && document.readyState === "complete")
    await tab.back()
    expect(await path()).toBe("/first")
    expect(await tab.evaluate(() => shows)).toEqual([false, true])
    expect(await tab.evaluate("window.mark")).toBe(1)
  })

  test.skipIf(missing)("goto() and reload() still work after a restored page", async () => {
    await tab.goto(`${server.origin}/second`)
    await tab.back()
    await tab.reload()
    expect(await path()).toBe("/first")
    expect(await tab.evaluate(() => shows)).toEqual([false])
    await tab.goto(`${server.origin.replace("127.0.0.1", "localhost")}/third`)
    await tab.back()
    await tab.goto(`${server.origin}/fourth`)
    expect(await path()).toBe("/fourth")
  })

  test.skipIf(missing)("navigateByScript() does not wait for an answer", async () => {
    await tab.navigateByScript(`${server.origin}/hang`)
    // See the note at `evaluate`.
    if (engine !== "chromium") expect(await path()).toBe("/first")
    await tab.goto(`${server.origin}/second`)
    expect(await path()).toBe("/second")
  })

  test.skipIf(missing)("navigateByScript() to an empty answer stays on the page", async () => {
    await tab.navigateByScript(`${server.origin}/empty`)
    await pause(100)
    expect(await path()).toBe("/first")
    expect(await tab.evaluate(() => shows)).toEqual([false])
  })

  test.skipIf(missing)("waitFor() returns the value it waited for, or reports the last value", async () => {
    await tab.evaluate("void setTimeout(() => (window.late = { value: 7 }), 100)")
    expect(await tab.waitFor("late.value")).toBe(7)
    await expect(tab.waitFor("1 === 2", 100)).rejects.toThrow("1 === 2 (last: false)")
  })

  test.skipIf(missing)("consoleErrors lists the errors of the page", async () => {
    await tab.goto(`${server.origin}/faulty`)
    await pause(200)
    const expected = [expect.stringContaining("said 1"), expect.stringContaining("thrown")]
    expect(tab.consoleErrors).toEqual(engine === "webkit" ? [] : expected)
  })

  test.skipIf(missing)("screenshot() writes a PNG, even of a tab behind another", async () => {
    const folder = await mkdtemp(join(tmpdir(), "webbreaker-shot-"))
    const front = await browser.newTab()
    try {
      await tab.screenshot(join(folder, "shot.png"))
      const shot = await readFile(join(folder, "shot.png"))
      expect(shot.subarray(1, 4).toString()).toBe("PNG")
    } finally {
      await front.close()
      await rm(folder, { recursive: true })
    }
  })
})
