/**
 * The store in the tabs of one profile, in real engines. The tests count the requests that reach the origin.
 * The only time that they assert is the remaining time in the page itself.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Origin } from "../../examples/origin/origin.ts"
import type { Settings } from "../../src/index.ts"
import type { Browser, Tab } from "../browsers/browser.ts"
import { pause } from "../browsers/deadline.ts"
import { engines } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { launch } from "../browsers/launch.ts"
import type { Outage, Result } from "./page.ts"
import { startSite } from "./site.ts"

describe.each(engines)("localStorageStore() in tabs of %s", { timeout: 240_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  const chromium = engine === "chromium" && !missing
  let site: Origin
  let browser: Browser
  let tabs: Tab[] = []
  let serial = 0
  let id: string

  beforeAll(async () => {
    if (missing) return
    site = await startSite()
    browser = await launch(engine)
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await site?.close()
  }, 60_000)

  beforeEach(() => {
    id = `${engine}-${serial++}`
  })

  afterEach(async () => {
    const done = tabs
    tabs = []
    for (const tab of done) await tab.close().catch(() => {})
  }, 60_000)

  /** Opens a tab with a breaker whose name no other test uses. */
  async function newTab(settings: Settings = {}, query = ""): Promise<Tab> {
    const tab = await browser.newTab(`${site.url}/page${query}`)
    tabs.push(tab)
    await open(tab, settings)
    return tab
  }

  const open = (tab: Tab, settings: Settings = {}): Promise<void> =>
    tab.evaluate((settings) => window.tab.open(settings), { name: id, ...settings })
  const path = (route: string): string => `${route}${route.includes("?") ? "&" : "?"}id=${id}`
  const call = (tab: Tab, route: string): Promise<Result> =>
    tab.evaluate((path) => window.tab.call(path), path(route))
  const state = (tab: Tab): Promise<{ state: string; retryAfter: number; now: number }> =>
    tab.evaluate(() => window.tab.state())
  const start = (tab: Tab, route: string): Promise<void> =>
    tab.evaluate((path) => window.tab.start(path), path(route))

  async function failures(tab: Tab, count: number): Promise<void> {
    for (let i = 0; i < count; i++) expect(await call(tab, "/status/503")).toMatchObject({ kind: "failed" })
  }

  async function untilHits(count: number): Promise<void> {
    for (let i = 0; i < 200 && site.hits(id) < count; i++) await pause(20)
    expect(site.hits(id)).toBe(count)
  }

  /** Makes calls until one is admitted, and returns how long that took. */
  async function untilAdmitted(tab: Tab, route: string, limit = 15_000): Promise<number> {
    const begin = performance.now()
    while (performance.now() - begin < limit) {
      const result = await call(tab, route)
      if (result.kind !== "rejected") {
        expect(result.kind).toBe("answered")
        return performance.now() - begin
      }
      await pause(Math.min(result.retryAfter, 100))
    }
    throw new Error(`Not admitted within ${limit} ms`)
  }

  test.skipIf(missing)("opens in all tabs after failures in one, and stays open in later pages", async () => {
    const [a, b, c, d] = [await newTab(), await newTab(), await newTab(), await newTab()]
    await failures(a, 6)
    for (const tab of [b, c, d]) {
      await tab.waitFor(() => window.tab.breaker.state === "open")
      expect(await call(tab, "/ok")).toMatchObject({ kind: "rejected", name: "OpenStateError" })
    }
    expect(site.hits(id)).toBe(6)

    const before = await state(a)
    await a.reload()
    await open(a)
    const after = await state(a)
    expect(after.state).toBe("open")
    // The two numbers of a state are read one after the other, and a loaded machine may pause between.
    const left = before.retryAfter - (after.now - before.now)
    expect(Math.abs(after.retryAfter - left)).toBeLessThan(50)

    const late = await newTab()
    expect(await call(late, "/ok")).toMatchObject({ kind: "rejected", name: "OpenStateError" })
    expect(await call(a, "/ok")).toMatchObject({ kind: "rejected" })
    expect(site.hits(id)).toBe(6)
  })

  test.skipIf(missing)("opens in all tabs after a failure in each, whatever succeeded before", async () => {
    const six = await Promise.all(Array.from({ length: 6 }, () => newTab()))
    for (const tab of six) expect(await call(tab, "/ok")).toMatchObject({ kind: "answered" })
    for (const [written, tab] of six.entries()) {
      await failures(tab, 1)
      for (const [own, other] of six.entries()) await other.waitFor(`window.tab.heard >= ${written + (own > written ? 1 : 0)}`)
    }
    for (const tab of six) await tab.waitFor(() => window.tab.breaker.state === "open")
    expect(site.hits(id)).toBe(12)
  })

  test.skipIf(missing)("passes on trip() and reset()", async () => {
    const [a, b] = [await newTab(), await newTab()]
    await a.evaluate(() => window.tab.breaker.trip())
    await b.waitFor(() => window.tab.breaker.state === "open")
    await b.evaluate(() => window.tab.breaker.reset())
    await a.waitFor(() => window.tab.breaker.state === "closed")
  })

  test.skipIf(missing).each([
    [1, ""],
    [3, ""],
    [1, "?locks=none"],
    [3, "?locks=none"],
  ])("lets %i of 100 calls in four tabs through when the open period ends %s", async (maxRequests, query) => {
    const settings = { maxRequests, timeout: 300, probeTimeout: 20_000 }
    const four = await Promise.all(Array.from({ length: 4 }, () => newTab(settings, query)))
    const [first] = four as [Tab]
    for (let round = 0; round < 25; round++) {
      id = `${engine}-${serial++}`
      for (const tab of four) await open(tab, settings)
      await first.evaluate(() => window.tab.breaker.trip())
      for (const tab of four) await tab.waitFor(() => window.tab.breaker.state !== "closed")
      const at = Date.now() + 600
      // The origin hangs until all other calls are rejected, so that none finds the breaker closed again.
      site.mode = { kind: "hanging" }
      for (const tab of four) {
        await tab.evaluate((path, at) => window.tab.volley(path, 25, at), path("/api"), at)
      }
      let rejected: Result[] = []
      for (let i = 0; i < 100 && rejected.length + site.hits(id) < 100; i++) {
        await pause(50)
        rejected = (await Promise.all(four.map((tab) => tab.evaluate(() => window.tab.results)))).flat()
      }
      for (const tab of four) expect(await tab.evaluate(() => window.tab.storeErrors)).toEqual([])
      expect(site.hits(id), `round ${round}`).toBe(maxRequests)
      expect(rejected).toHaveLength(100 - maxRequests)
      expect(rejected.filter(({ kind }) => kind !== "rejected")).toEqual([])
      for (const result of rejected) expect(result).toMatchObject({ retryAfter: expect.toSatisfy((ms) => ms > 0) })
      site.mode = { kind: "healthy" }
    }
  })

  describe("when the tab that probes", () => {
    const settings = { timeout: 300, probeTimeout: 3_000 }
    let probing: Tab
    let other: Tab

    beforeEach(async () => {
      if (missing) return
      other = await newTab(settings)
      probing = await newTab(settings)
      await probing.evaluate(() => window.tab.breaker.trip())
      await other.waitFor(() => window.tab.breaker.state !== "closed")
      await pause(400)
      await start(probing, "/hang")
      await untilHits(1)
      expect(await call(other, "/ok")).toMatchObject({ kind: "rejected" })
      expect(site.hits(id)).toBe(1)
    }, 60_000)

    /** Expects a probe of the other tab, within the time limit and a second for the driver. */
    const expectProbe = async (): Promise<void> => {
      expect(await untilAdmitted(other, "/ok")).toBeLessThan(settings.probeTimeout + 1_000)
      await other.waitFor(() => window.tab.breaker.state === "closed")
      expect(site.hits(id)).toBe(2)
    }

    test.skipIf(!chromium)("crashes, another tab probes", async () => {
      await probing.crash!()
      await expectProbe()
    })

    test.skipIf(missing)("is closed, another tab probes", async () => {
      await probing.close()
      await expectProbe()
    })

    test.skipIf(missing)("navigates away, another tab probes", async () => {
      await probing.goto(`${site.url}/page/other`)
      expect(await untilAdmitted(other, "/ok")).toBeLessThan(settings.probeTimeout + 1_000)
      await other.waitFor(() => window.tab.breaker.state === "closed")
    })

    test.skipIf(!chromium)("is frozen, another tab probes, and its late verdict changes nothing", async () => {
      await probing.freeze!()
      await untilAdmitted(other, "/ok")
      // Opened again, so that any verdict of the frozen tab belongs to an earlier state.
      await other.evaluate(() => window.tab.breaker.trip())
      const record = await other.evaluate((key) => localStorage.getItem(key), `webbreaker:${id}`)
      await probing.resume!()
      await probing.evaluate(() => window.stop())
      await probing.waitFor(() => window.tab.late !== undefined)
      await pause(300)
      expect(await other.evaluate((key) => localStorage.getItem(key), `webbreaker:${id}`)).toBe(record)
    })
  })

  test.skipIf(missing)("goes on with local state in a sandboxed frame, and reports that once", async () => {
    const tab = await newTab()
    const { results, storeErrors } = await tab.evaluate(
      async (settings, path) => {
        const frame = document.createElement("iframe")
        frame.setAttribute("sandbox", "allow-scripts")
        frame.src = "/page"
        document.body.append(frame)
        await new Promise((resolve) => (frame.onload = resolve))
        const outage = new Promise<MessageEvent<Outage>>((resolve) => (onmessage = resolve))
        frame.contentWindow!.postMessage({ settings, path }, "*")
        return (await outage).data
      },
      { name: id },
      path("/status/503"),
    )
    expect(results.map(({ kind }) => kind)).toEqual([...Array<string>(6).fill("failed"), "rejected"])
    expect(storeErrors).toEqual([expect.stringMatching(/SecurityError|insecure/)])
    expect(site.hits(id)).toBe(6)
  })

  test.skipIf(missing)("goes on with local state while the storage is full, and shares again afterwards", async () => {
    const tab = await newTab()
    await tab.evaluate(() => {
      let size = 2 ** 22
      for (let i = 0; size >= 1; i++) {
        try {
          localStorage.setItem(`full ${i}`, "x".repeat(size))
        } catch {
          size = Math.floor(size / 2)
        }
      }
    })
    try {
      const { results, storeErrors } = await tab.evaluate(
        (settings, path) => window.tab.outage(settings, path),
        { name: id },
        path("/status/503"),
      )
      expect(results.map(({ kind }) => kind)).toEqual([...Array<string>(6).fill("failed"), "rejected"])
      expect(storeErrors).toEqual([expect.stringMatching(/quota/i)])
    } finally {
      await tab.evaluate(() => localStorage.clear())
    }
    const other = await newTab()
    await open(tab)
    await failures(tab, 6)
    await other.waitFor(() => window.tab.breaker.state === "open")
  })

  test.skipIf(missing)("continues a streak in the next page", async () => {
    const tab = await newTab()
    await failures(tab, 3)
    await tab.goto(`${site.url}/page/next`)
    await open(tab)
    await failures(tab, 3)
    expect(await state(tab)).toMatchObject({ state: "open" })
    expect(site.hits(id)).toBe(6)
  })

  test.skipIf(missing)("writes nothing for 10 000 healthy calls", async () => {
    const tab = await newTab()
    const writes = await tab.evaluate(async () => {
      let writes = 0
      const { setItem } = Storage.prototype
      Storage.prototype.setItem = function (...args) {
        writes += 1
        setItem.apply(this, args)
      }
      for (let i = 0; i < 10_000; i++) await window.tab.breaker.execute(async () => "up")
      Storage.prototype.setItem = setItem
      return writes
    })
    expect(writes).toBe(0)
  })

  test.skipIf(missing)("keeps a page able to enter the back/forward cache, and updates it when it comes back", async () => {
    const [a, b] = [await newTab(), await newTab()]
    await a.bringToFront?.()
    await a.navigateByScript(`${site.url}/page/away`)
    await a.waitFor(() => location.pathname === "/page/away" && document.readyState === "complete")
    await failures(b, 6)
    await a.back()
    await a.waitFor(() => window.tab.persisted)
    expect(await call(a, "/ok")).toMatchObject({ kind: "rejected", name: "OpenStateError" })
    expect(site.hits(id)).toBe(6)
  })

  test.skipIf(missing)("works for the breakers of wrapFetch", async () => {
    const [a, b] = [await newTab(), await newTab()]
    for (const tab of [a, b]) await tab.evaluate((name) => window.tab.wrap({ name }), id)
    // The breaker of an origin is made by the first call to it.
    expect(await call(b, "/ok")).toMatchObject({ kind: "answered" })
    for (let i = 0; i < 6; i++) expect(await call(a, "/reset")).toMatchObject({ kind: "failed" })
    const hits = site.hits(id)
    expect(await call(a, "/ok")).toMatchObject({ kind: "rejected", name: "OpenStateError" })
    await pause(100)
    expect(await call(b, "/ok")).toMatchObject({ kind: "rejected", name: "OpenStateError" })
    const late = await newTab()
    await late.evaluate((name) => window.tab.wrap({ name }), id)
    expect(await call(late, "/ok")).toMatchObject({ kind: "rejected", name: "OpenStateError" })
    expect(site.hits(id)).toBe(hits)
  })
})
