/**
 * A page is left while requests are in flight, in every possible way, in real engines. The page keeps
 * a log in the storage. The next page, which shares the breaker, shows what the breaker has counted.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Origin } from "../../examples/origin/origin.ts"
import type { Browser, Tab } from "../browsers/browser.ts"
import { pause } from "../browsers/deadline.ts"
import { engines, type Engine } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { launch } from "../browsers/launch.ts"
import { startSite } from "./site.ts"

interface Way {
  readonly what: string
  /** The path of the page that is left, below `/page/`. */
  readonly from?: string
  readonly leave: (tab: Tab, url: string) => Promise<void>
  /** Whether the page is still there afterwards. */
  readonly stays?: boolean
  /** The engines that fail the requests while scripts still run. */
  readonly breaks: readonly Engine[]
}

const follow = (path: string, download = false): Way["leave"] => {
  return (tab, url) => tab.evaluate((url, download) => window.client.follow(url, download), url + path, download)
}

const WAYS: readonly Way[] = [
  { what: "is reloaded", leave: (tab) => tab.reload(), breaks: engines },
  { what: "is left by a link", leave: follow("/page/next"), breaks: ["firefox", "webkit"] },
  {
    what: "may not be kept and is left by a link",
    from: "no-store",
    leave: follow("/page/next"),
    breaks: engines,
  },
  { what: "is left by a link to a slow page", leave: follow("/slow?ms=1500"), breaks: ["firefox", "webkit"] },
  { what: "is left backwards", leave: (tab) => tab.back(), breaks: ["webkit"] },
  { what: "has a link that answers 204", leave: follow("/no-content"), stays: true, breaks: ["firefox", "webkit"] },
  { what: "has a link to a file to save", leave: follow("/download"), stays: true, breaks: ["firefox", "webkit"] },
  { what: "has a link with `download`", leave: follow("/page/next", true), stays: true, breaks: [] },
  { what: "is closed", leave: (tab) => tab.close(), breaks: [] },
]

const IN_FLIGHT = 4
/** The breaker opens at the sixth failure in a row. */
const BEFORE = 3
const UNTIL_OPEN = 3

describe.each(engines)("A page in %s", { timeout: 240_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  let site: Origin
  let browser: Browser
  let witness: Tab
  let tab: Tab | undefined
  let serial = 0
  let name: string

  beforeAll(async () => {
    if (missing) return
    site = await startSite()
    browser = await launch(engine)
    witness = await browser.newTab(`${site.url}/page/witness`)
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await site?.close()
  }, 60_000)

  beforeEach(() => {
    name = `${engine}-${serial++}`
  })

  // Otherwise its requests in flight would occupy connections that the next page needs.
  afterEach(async () => {
    await tab?.close().catch(() => {})
    tab = undefined
  }, 60_000)

  const log = (of = witness): Promise<string[]> => of.evaluate((name) => window.client.log(name), name)
  const count = async (entry: string, of = witness): Promise<number> =>
    (await log(of)).filter((other) => other === entry).length
  const call = (tab: Tab, path: string): Promise<number | string> =>
    tab.evaluate((path) => window.client.call(path), path)

  /** Waits, since tabs are separate processes: changes of one reach the storage of the others late. */
  async function untilLogged(entry: string, times: number): Promise<void> {
    for (let i = 0; i < 1_000 && (await count(entry)) < times; i++) await pause(20)
    expect(await count(entry)).toBe(times)
  }

  /** Opens a page with a streak of failures and requests in flight. */
  async function busyPage(place: string): Promise<Tab> {
    tab = await browser.newTab(`${site.url}/page/first`)
    await tab.goto(`${site.url}/page/${place}`)
    await tab.evaluate((name) => window.client.open(name), name)
    for (let i = 0; i < BEFORE; i++) expect(await call(tab, "/status/503")).toBe(503)
    await tab.evaluate((path, count) => window.client.start(path, count), `/hang?id=${name}`, IN_FLIGHT)
    for (let i = 0; i < 1_000 && site.hits(name) < IN_FLIGHT; i++) await pause(20)
    expect(site.hits(name)).toBe(IN_FLIGHT)
    await untilLogged("failure", BEFORE)
    return tab
  }

  /** Leaves the page, and waits until the browser has finished that. */
  async function leave(tab: Tab, { what, leave, stays, breaks }: Way): Promise<void> {
    const before = await tab.evaluate("location.href")
    await leave(tab, site.url)
    if (breaks.includes(engine)) await untilLogged("broken", IN_FLIGHT)
    if (what === "is closed" || what === "is reloaded") return
    if (!stays) await tab.waitFor(`location.href !== ${JSON.stringify(before)} && document.readyState === "complete"`)
    else expect(await tab.evaluate("location.href")).toBe(before)
  }

  /** The number of failures in the next page until the shared breaker opens. */
  async function failuresUntilOpen(): Promise<number> {
    const next = await browser.newTab(`${site.url}/page/next`)
    try {
      await next.evaluate((name) => window.client.open(name), name)
      for (let failures = 0; failures < 10; failures++) {
        if ((await call(next, "/status/503")) === "rejected") return failures
      }
      throw new Error("It does not open")
    } finally {
      await next.close()
    }
  }

  const named = (ways: readonly Way[]): [string, Way][] => ways.map((way) => [way.what, way])

  test.skipIf(missing).each(named(WAYS))("that %s counts nothing for its requests in flight", async (_, way) => {
    const tab = await busyPage(`guarded-${way.from}`)
    await leave(tab, way)
    if (way.breaks.includes(engine)) await untilLogged("excluded", IN_FLIGHT)
    expect(await failuresUntilOpen()).toBe(UNTIL_OPEN)
    const seen = await log()
    expect(seen.filter((entry) => entry === "failure")).toHaveLength(BEFORE + UNTIL_OPEN)
    expect(seen.filter((entry) => entry === "broken")).toHaveLength(way.breaks.includes(engine) ? IN_FLIGHT : 0)
  })

  const controls = WAYS.filter(({ breaks }) => breaks.includes(engine))
  test.skipIf(missing).each(named(controls))("that %s counts failures without the guard", async (_, way) => {
    const tab = await busyPage(`unguarded-${way.from}`)
    await leave(tab, way)
    await untilLogged("failure", BEFORE + IN_FLIGHT)
    expect(await failuresUntilOpen()).toBe(0)
  })

  test.skipIf(missing)("that stays after all counts failures again", async () => {
    const tab = await busyPage("guarded")
    await tab.evaluate((url) => window.client.follow(url), `${site.url}/no-content`)
    if (engine !== "chromium") await untilLogged("excluded", IN_FLIGHT)
    // For a second, a lost connection does not count. After that it is a failure.
    for (let i = 0; i < 1_000 && (await count("failure", tab)) === BEFORE; i++) {
      expect(await call(tab, "/reset")).toBe("failed")
    }
    expect(await count("failure", tab)).toBe(BEFORE + 1)
    const excluded = await count("excluded", tab)
    for (let i = 1; i < UNTIL_OPEN; i++) expect(await call(tab, "/reset")).toBe("failed")
    expect(await call(tab, "/reset")).toBe("rejected")
    await untilLogged("failure", BEFORE + UNTIL_OPEN)
    expect(await count("excluded", tab)).toBe(excluded)
  })

  test.skipIf(missing)("restored from the back/forward cache counts failures again", async () => {
    const tab = await busyPage("guarded")
    await tab.evaluate((url) => window.client.follow(url), `${site.url}/page/next`)
    await tab.waitFor(() => location.pathname === "/page/next" && document.readyState === "complete")
    await tab.back()
    await tab.waitFor(() => window.client)
    const persisted = await tab.evaluate(() => window.client.persisted)
    // Firefox does not keep a page in the cache if it has broken off requests of the page.
    if (engine !== "firefox") expect(persisted).toBe(true)
    if (!persisted) await tab.evaluate((name) => window.client.open(name), name)
    const excluded = await count("excluded", tab)
    for (let i = 0; i < UNTIL_OPEN; i++) expect(await call(tab, "/reset")).toBe("failed")
    expect(await call(tab, "/reset")).toBe("rejected")
    await untilLogged("failure", BEFORE + UNTIL_OPEN)
    expect(await count("excluded", tab)).toBe(excluded)
  })
})
