/** How calls are counted that fail while the browser is offline. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Origin } from "../../examples/origin/origin.ts"
import type { Browser, Tab } from "../browsers/browser.ts"
import { engines } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { goOffline } from "../browsers/go-offline.ts"
import { launch } from "../browsers/launch.ts"
import { startSite } from "./site.ts"

/** The breaker opens at the sixth failure in a row. */
const UNTIL_OPEN = 6

describe.each(engines)("An offline page in %s", { timeout: 120_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  // WebKitGTK asks the system whether there is a network, which its driver cannot change.
  const cannot = missing || engine === "webkit"
  let site: Origin
  let browser: Browser
  let tab: Tab
  let serial = 0
  let name: string

  beforeAll(async () => {
    if (missing) return
    site = await startSite()
    browser = await launch(engine)
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await site?.close()
  }, 60_000)

  beforeEach(async () => {
    if (missing) return
    name = `${engine}-${serial++}`
    tab = await browser.newTab(`${site.url}/page/guarded`)
    await tab.evaluate((name) => window.client.open(name), name)
    return () => tab.close()
  }, 60_000)

  const call = (path: string): Promise<number | string> => tab.evaluate((path) => window.client.call(path), path)
  const log = (): Promise<string[]> => tab.evaluate((name) => window.client.log(name), name)
  /** Sets navigator.onLine in the page, whether or not it is true. */
  const say = (onLine: boolean): Promise<void> =>
    tab.evaluate((value) => void Object.defineProperty(navigator, "onLine", { value, configurable: true }), onLine)

  async function expectCalls(path: string, count: number, entry: string): Promise<void> {
    const before = await log()
    for (let i = 0; i < count; i++) expect(await call(path)).toBe("failed")
    const after = (await log()).slice(before.length)
    expect(after.filter((entry) => entry !== "broken")).toEqual(Array(count).fill(entry))
    // The requests failed in fact.
    expect(after.filter((entry) => entry === "broken")).toHaveLength(count)
  }

  test.skipIf(cannot)("counts no failures, and counts them again when it is back online", async ({ skip }) => {
    await expectCalls("/reset", 3, "failure")
    await goOffline(tab, browser, skip)
    await tab.waitFor("!navigator.onLine")
    await expectCalls("/ok", 10, "excluded")
    await tab.setOffline!(false)
    await tab.waitFor("navigator.onLine")
    await expectCalls("/reset", UNTIL_OPEN - 3, "failure")
    expect(await call("/ok")).toBe("rejected")
  })

  test.skipIf(cannot)("counts failures if its browser does not report that it is offline", async ({ skip }) => {
    await say(true)
    await goOffline(tab, browser, skip)
    await expectCalls("/ok", UNTIL_OPEN, "failure")
    expect(await call("/ok")).toBe("rejected")
  })

  // A service worker may answer while the page is offline.
  test.skipIf(missing)("counts successful responses, but no failing ones", async () => {
    await say(false)
    for (let i = 0; i < UNTIL_OPEN; i++) expect(await call("/status/503")).toBe(503)
    expect(await call("/ok")).toBe(200)
    expect(await log()).toEqual([...Array(UNTIL_OPEN).fill("excluded"), "success"])
  })

  test.skipIf(missing)("counts no failures while only navigator.onLine says that it is offline", async () => {
    await say(false)
    await expectCalls("/reset", 10, "excluded")
    await say(true)
    await expectCalls("/reset", UNTIL_OPEN, "failure")
    expect(await call("/ok")).toBe("rejected")
  })
})
