/**
 * The accessibility of the demo page for users who cannot see it, or not well. Checked with the accessibility
 * tree and the computed colours of Chromium.
 */
import type { AxeResults } from "axe-core"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { chromium, type Browser, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { findBrowser } from "../browsers/find-browser.ts"
import { contrastsOf, type Contrast } from "./contrasts.ts"
import { startDemo, type Demo } from "./start-demo.ts"

interface Node {
  readonly role: string
  readonly name: string
  readonly level: number | undefined
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const LIMIT = { timeout: 60_000 }
const WIDE = { width: 1280, height: 900 }
const PHONE = { width: 360, height: 740 }
const interactive = ["button", "link", "radio", "slider", "checkbox", "textbox", "combobox", "DisclosureTriangle"]

const path = findBrowser("chromium")
const missing = path === undefined && process.env["WEBBREAKER_NO_SKIP"] === undefined

describe.skipIf(missing)("the page of the demo", () => {
  let demo: Demo
  // Not with the driver of the other tests, which cannot emulate that a user prefers dark colours.
  let browser: Browser
  beforeAll(async () => {
    demo = await startDemo({ env: { MINIFLARE_WORKERD_PATH: "/nowhere" } })
    browser = await chromium.launch({ executablePath: path!, args: ["--no-sandbox"] })
  })
  afterAll(async () => {
    await browser?.close()
    await demo?.dispose()
  })

  async function open(options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: WIDE, ...options })
    await page.goto(demo.url)
    await page.waitForFunction(() => Number(document.querySelector("[data-count=sent]")?.textContent) > 0)
    await page.click("summary")
    return page
  }

  async function treeOf(page: Page): Promise<Node[]> {
    const session = await page.context().newCDPSession(page)
    const { nodes } = await session.send("Accessibility.getFullAXTree")
    return nodes
      .filter(({ ignored }) => !ignored)
      .map(({ role, name, properties }) => ({
        role: String(role?.value),
        name: String(name?.value ?? "").trim(),
        level: properties?.find((property) => property.name === "level")?.value.value as number | undefined,
      }))
  }

  test("has a language, a title, one main part, and headings in order", async () => {
    const page = await open()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("en")
    expect(await page.title()).toMatch(/webbreaker/)
    const tree = await treeOf(page)
    expect(tree.filter(({ role }) => role === "main")).toHaveLength(1)
    const levels = tree.filter(({ role }) => role === "heading").map(({ level }) => level!)
    expect(levels[0]).toBe(1)
    expect(levels.filter((level) => level === 1)).toHaveLength(1)
    levels.forEach((level, index) => expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 0) + 1))
    await page.close()
  })

  test.each([
    { viewport: WIDE, colorScheme: "light" },
    { viewport: PHONE, colorScheme: "dark" },
  ] as const)("has no violations in axe, %o", async (options) => {
    // The policy of the page allows no script of others.
    const page = await open({ ...options, bypassCSP: true })
    await page.evaluate(axe)
    const { violations, passes } = await page.evaluate<AxeResults>("axe.run()")
    expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([])
    expect(passes.map(({ id }) => id)).toContain("color-contrast")
    await page.close()
  })

  test.each([WIDE, PHONE])("has a name for each control, image and region, at %o", async (viewport) => {
    const page = await open({ viewport })
    const tree = await treeOf(page)
    const used = tree.filter(({ role }) => interactive.includes(role))
    expect(used.filter(({ role }) => role === "radio")).toHaveLength(7)
    expect(used.filter(({ role }) => role === "slider")).toHaveLength(1)
    expect(used.length).toBeGreaterThanOrEqual(11)
    expect(used.filter(({ name }) => name === "")).toEqual([])
    const images = tree.filter(({ role }) => role === "image" || role === "img" || role === "Canvas")
    expect(images.length).toBeGreaterThanOrEqual(7)
    expect(images.filter(({ name }) => name === "")).toEqual([])
    // For screen readers, the rows of the charts are a table, even on a phone, where the layout differs.
    expect(tree.filter(({ role }) => role === "rowheader").map(({ name }) => name)).toEqual(expect.arrayContaining(["Sent", "Rejected", "0 to 5"]))
    expect(tree.filter(({ role }) => role === "region" || role === "form").filter(({ name }) => name === "")).toEqual([])
    await page.close()
  })

  test("can be used by keyboard alone", async () => {
    const page = await open()
    const reached = new Set<string>()
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab")
      reached.add(await page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute("name") || document.activeElement?.tagName || ""))
    }
    expect([...reached]).toEqual(expect.arrayContaining(["mode", "rate", "cancel", "tour", "SUMMARY", "PRE"]))
    await page.focus("[name=mode]:checked")
    await page.keyboard.press("ArrowDown")
    await expect.poll(async () => (await demo.status()).mode.kind, LIMIT).toBe("slow")
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)
    expect(outline).toBe("solid")
    await page.keyboard.press("ArrowUp")
    await expect.poll(async () => (await demo.status()).mode.kind, LIMIT).toBe("healthy")
    await page.close()
  })

  test("announces changes of the state to screen readers, but no running numbers", async () => {
    const page = await open()
    const live = await page.evaluate(() =>
      [...document.querySelectorAll("[aria-live], [role=status], [role=alert], output")].map((element) => ({
        id: element.id,
        live: element.getAttribute("aria-live") ?? element.getAttribute("role"),
      })),
    )
    expect(live).toEqual([
      { id: "lost", live: "alert" },
      { id: "news", live: "polite" },
    ])
    await page.evaluate(() => {
      const news: string[] = Object.assign(window, { news: [] as string[] }).news
      new MutationObserver(() => news.push(document.querySelector("#news")!.textContent!)).observe(document.querySelector("#news")!, { childList: true, subtree: true })
    })
    await page.getByLabel("Failing").check()
    await page.waitForFunction(() => Reflect.get(window, "news").length > 0, undefined, LIMIT)
    expect(await page.evaluate("news[0]")).toMatch(/open/)
    // The countdown is running, and must not be announced.
    await page.waitForFunction(() => / [0-2]\.\d s$/.test(document.querySelector("#next")!.textContent!), undefined, LIMIT)
    const news = await page.evaluate<string[]>("news")
    expect(news.filter((line) => /\d\.\d s/.test(line))).toEqual([])
    await page.getByLabel("Healthy").check()
    await page.close()
  })

  test.each([
    ["light", WIDE],
    ["dark", WIDE],
    ["light", PHONE],
    ["dark", PHONE],
  ] as const)("has text with enough contrast, %s, at %o", async (colorScheme, viewport) => {
    const page = await open({ colorScheme, viewport })
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(background === "rgb(17, 19, 22)").toBe(colorScheme === "dark")
    for (const state of ["closed", "half-open", "open"]) {
      const contrasts: Contrast[] = await page.evaluate(contrastsOf, state)
      expect(contrasts.length).toBeGreaterThan(40)
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([])
    }
    await page.close()
  })

  test("fits a phone without horizontal scrolling", async () => {
    const page = await open({ viewport: PHONE })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width)
    await page.close()
  })

  test("slows its charts down for users who prefer reduced motion", async () => {
    /** Milliseconds between the drawings of a chart. */
    const gapsOf = async (reducedMotion: "reduce" | "no-preference", enough: string): Promise<number[]> => {
      const page = await open({ reducedMotion })
      await page.evaluate(() => {
        const gaps: number[] = Object.assign(window, { gaps: [] as number[] }).gaps
        const canvas = document.querySelector("#timeline")
        const { clearRect } = CanvasRenderingContext2D.prototype
        let last: number | undefined
        CanvasRenderingContext2D.prototype.clearRect = function (...args) {
          if (this.canvas === canvas) {
            const now = performance.now()
            if (last !== undefined) gaps.push(now - last)
            last = now
          }
          return clearRect.apply(this, args)
        }
      })
      await expect.poll(() => page.evaluate(enough), LIMIT).toBe(true)
      const gaps = await page.evaluate<number[]>("gaps")
      await page.close()
      return gaps
    }
    const still = await gapsOf("reduce", "gaps.length > 2")
    expect(still.filter((gap) => gap < 900)).toEqual([])
    const moving = await gapsOf("no-preference", "gaps.some((gap) => gap < 500)")
    expect(moving).not.toEqual([])
  })
})
