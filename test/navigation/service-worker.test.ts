/** A wrapped fetch in a service worker protects an origin from the fetches of pages that do not know about it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Mode, Origin } from "../../examples/origin/origin.ts"
import type { Browser, Tab } from "../browsers/browser.ts"
import { pause } from "../browsers/deadline.ts"
import { engines } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { launch } from "../browsers/launch.ts"
import type { WorkerState } from "./service-worker.ts"
import { startSite } from "./site.ts"

interface Answer {
  readonly status: number
  readonly retryAfter: string | null
}

/** The breaker's default. */
const OPEN_PERIOD = 60_000
const UNTIL_OPEN = 6

describe.each(engines)("wrapFetch() in a service worker of %s", { timeout: 120_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  let site: Origin
  let browser: Browser
  let tab: Tab

  beforeEach(async () => {
    if (missing) return
    // Each test has an origin of its own, and so a service worker and a breaker of its own.
    site = await startSite()
    tab = await browser.newTab(`${site.url}/page/guarded`)
    await tab.evaluate(async () => {
      const taken = new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = resolve))
      await navigator.serviceWorker.register("/service-worker.js", { scope: "/page/" })
      await taken
    })
    return async () => {
      await tab.close().catch(() => {})
      await site.close()
    }
  }, 60_000)

  beforeAll(async () => {
    if (!missing) browser = await launch(engine)
  }, 120_000)

  afterAll(() => browser?.close(), 60_000)

  /** Makes a fetch in the page. The status is 0 if it failed. */
  const call = (path: string): Promise<Answer> =>
    tab.evaluate(async (path) => {
      const failed = { status: 0, headers: new Headers() }
      // A POST, since the browser does not repeat it by itself.
      const { status, headers } = await fetch(path, { method: "POST" }).catch(() => failed)
      return { status, retryAfter: headers.get("retry-after") }
    }, path)

  const ask = (tab: Tab, skip = 0): Promise<WorkerState> =>
    tab.evaluate(async (skip) => {
      const { port1, port2 } = new MessageChannel()
      const answer = new Promise<MessageEvent<WorkerState>>((resolve) => (port1.onmessage = resolve))
      navigator.serviceWorker.controller!.postMessage({ skip }, [port2])
      return (await answer).data
    }, skip)

  test.skipIf(missing).each<[string, Mode, number]>([
    ["answers 503", { kind: "failing", rate: 1, status: 503 }, 503],
    ["is down", { kind: "down" }, 0],
  ])("answers for an origin that %s, until that recovers", async (_, mode, status) => {
    site.mode = mode
    for (let i = 0; i < UNTIL_OPEN; i++) expect(await call("/api")).toEqual({ status, retryAfter: null })
    expect((await ask(tab)).state).toBe("open")
    const total = site.total
    for (let i = 0; i < 10; i++) {
      const answer = await call("/api")
      expect(answer.status).toBe(503)
      expect(Number(answer.retryAfter)).toBeGreaterThan(0)
    }
    expect(site.total).toBe(total)

    // The first call after the open period finds the origin unchanged.
    await ask(tab, OPEN_PERIOD + 1)
    expect(await call("/api")).toEqual({ status, retryAfter: null })
    const probed = site.total
    expect(probed).toBeGreaterThan(total)
    expect((await call("/api")).retryAfter).not.toBeNull()
    expect(site.total).toBe(probed)

    site.mode = { kind: "healthy" }
    expect((await call("/api")).retryAfter).not.toBeNull()
    expect(site.total).toBe(probed)
    await ask(tab, OPEN_PERIOD + 1)
    for (let i = 0; i < 10; i++) expect(await call("/api")).toEqual({ status: 200, retryAfter: null })
    expect((await ask(tab)).state).toBe("closed")
    expect(site.total).toBe(probed + 10)
  })

  test.skipIf(missing)("counts nothing for pages that are left with requests in flight", async () => {
    const other = await browser.newTab(`${site.url}/page/other`)
    await tab.evaluate(() => {
      for (let i = 0; i < 4; i++) fetch("/hang?id=left", { method: "POST" }).catch(() => {})
    })
    for (let i = 0; i < 500 && site.hits("left") < 4; i++) await pause(20)
    expect(site.hits("left")).toBe(4)
    await tab.goto(`${site.url}/page/next`)
    await tab.close()
    const { failures, state } = await ask(other)
    expect({ failures, state }).toEqual({ failures: 0, state: "closed" })
    await other.close()
  })

  test.skipIf(missing)("passes the pages themselves on", async () => {
    await tab.reload()
    expect(await tab.evaluate(() => document.title)).toBe("page")
    expect((await ask(tab)).successes).toBeGreaterThan(0)
  })
})
