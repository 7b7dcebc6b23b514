/** The page of the demo, used as a person uses it, in real browsers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Browser, Tab } from "../browsers/browser.ts"
import { engines } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { launch } from "../browsers/launch.ts"
import { startDemo, type Demo } from "./start-demo.ts"

// An open period lasts up to 19 s, and a probe may have to be repeated on a busy machine.
const LIMIT = 120_000

const choose = (tab: Tab, label: string): Promise<void> =>
  tab.evaluate((text: string) => {
    const found = [...document.querySelectorAll("label")].find(({ textContent }) => textContent?.trim() === text)
    if (!found) throw new Error(`no label says ${text}`)
    found.click()
  }, label)

const press = (tab: Tab, name: string): Promise<void> =>
  tab.evaluate((text: string) => {
    const found = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === text)
    if (!found) throw new Error(`no button says ${text}`)
    found.click()
  }, name)

const slide = (tab: Tab, name: string, value: string): Promise<void> =>
  tab.evaluate(
    (name: string, value: string) => {
      const input = document.querySelector<HTMLInputElement>(`input[name="${name}"]`)!
      input.value = value
      input.dispatchEvent(new Event("input", { bubbles: true }))
      input.dispatchEvent(new Event("change", { bubbles: true }))
    },
    name,
    value,
  )

/** Whether no call is under way: every call that was sent has an outcome. */
const isSettled = ([sent, ...rest]: readonly number[]): boolean => sent === rest.reduce((sum, n) => sum + n, 0)

const text = (tab: Tab, selector: string): Promise<string> =>
  tab.evaluate((selector: string) => document.querySelector(selector)?.textContent ?? "", selector)

const count = async (tab: Tab, name: string): Promise<number> => Number(await text(tab, `[data-count=${name}]`))

/** Waits for the title of the tab, since a tab behind another is not painted. */
const becomes = (tab: Tab, state: "Closed" | "Open"): Promise<unknown> => tab.waitFor(`document.title.startsWith("${state} ")`, LIMIT)

/** Messages of the engine about failed requests: Chromium logs each one, Firefox those with a broken connection. */
const ofEngine = /^Failed to load resource:|^Cross-Origin Request Blocked: .*\(Reason: CORS request did not succeed\)/
const ownErrors = (tab: Tab): readonly string[] => tab.consoleErrors.filter((line) => !ofEngine.test(line))

describe.each(engines)("examples/browser in %s", (engine) => {
  const missing = findBrowser(engine) === undefined && process.env["WEBBREAKER_NO_SKIP"] === undefined
  let demo: Demo
  let browser: Browser
  beforeAll(async () => {
    if (missing) return
    demo = await startDemo()
    browser = await launch(engine)
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.dispose()
  })

  test.skipIf(missing)("opens, stays open over a reload and in a second tab, and recovers in both", async () => {
    const one = await browser.newTab(demo.url)
    await one.waitFor("Number(document.querySelector('[data-count=succeeded]').textContent) > 3", LIMIT)
    await becomes(one, "Closed")

    await choose(one, "Failing")
    await becomes(one, "Open")
    await one.waitFor("document.querySelector('#state').textContent === 'Open'")
    expect(await text(one, "#news")).toContain("Calls are rejected at once.")

    await one.reload()
    await one.waitFor("Number(document.querySelector('[data-count=rejected]').textContent) > 0", LIMIT)
    // Only a probe may have been sent.
    expect(await count(one, "failed")).toBeLessThanOrEqual(1)
    expect(await count(one, "succeeded")).toBe(0)
    await becomes(one, "Open")

    const two = await browser.newTab(demo.url)
    await two.waitFor("Number(document.querySelector('[data-count=rejected]').textContent) > 0", LIMIT)
    expect(await count(two, "failed")).toBeLessThanOrEqual(1)
    await two.waitFor("document.querySelector('#tabs').textContent === 'This tab: open. The other tab: open.'", LIMIT)
    expect(await two.evaluate(() => document.querySelector<HTMLInputElement>("[value=failing]")?.checked)).toBe(true)

    await choose(two, "Healthy")
    await becomes(two, "Closed")
    await becomes(one, "Closed")
    await two.waitFor("document.querySelector('#tabs').textContent === 'This tab: closed. The other tab: closed.'", LIMIT)
    const { reached } = await demo.status()
    expect(reached.breaker).toBeLessThan(reached.bare)

    expect([...ownErrors(one), ...ownErrors(two)]).toEqual([])
    await two.close()
    await one.close()
  })

  test.skipIf(missing)("counts a cancelled call neither as a success nor as a failure", async () => {
    const tab = await browser.newTab(demo.url)
    await tab.waitFor("Number(document.querySelector('[data-count=succeeded]').textContent) > 0", LIMIT)
    await becomes(tab, "Closed")
    await slide(tab, "rate", "0")
    const counts = (): Promise<number[]> => Promise.all(["sent", "succeeded", "failed", "rejected", "excluded"].map((name) => count(tab, name)))
    await expect.poll(async () => isSettled(await counts()), { timeout: LIMIT }).toBe(true)
    const [sent, succeeded, failed, rejected] = await counts()
    await press(tab, "Send one, and cancel it")
    await expect.poll(counts, { timeout: LIMIT }).toEqual([sent! + 1, succeeded, failed, rejected, 1])
    expect(await text(tab, "#state")).toBe("Closed")
    await tab.close()
  })

  test.skipIf(missing)("keeps working, and says that the demo has stopped", async () => {
    const tab = await browser.newTab(demo.url)
    await tab.waitFor("Number(document.querySelector('[data-count=succeeded]').textContent) > 0", LIMIT)
    expect(await tab.evaluate(() => document.querySelector<HTMLElement>("#lost")?.hidden)).toBe(true)
    demo.signal("SIGTERM")
    await demo.ended
    await tab.waitFor("!document.querySelector('#lost').hidden", LIMIT)
    await becomes(tab, "Open")
    expect(ownErrors(tab)).toEqual([])
    await tab.close()
  })
})
