import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { Browser, Tab } from "./browser.ts"
import { engines } from "./engine.ts"
import { findBrowser } from "./find-browser.ts"
import { launch } from "./launch.ts"
import { type PageServer, startPageServer } from "./page-server.ts"

const holdLock = (name: string): Promise<void> =>
  new Promise((held) => {
    void navigator.locks.request(name, () => new Promise(() => held()))
  })

const lockIsFree = (name: string): Promise<boolean> =>
  navigator.locks.request(name, { ifAvailable: true }, (lock) => lock !== null)

const waitForLock = (name: string): Promise<string> => navigator.locks.request(name, () => "mine")

describe.each(engines)("Two tabs of one Browser in %s", { timeout: 60_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  let server: PageServer
  let browser: Browser
  let one: Tab
  let two: Tab

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
    if (missing) return
    one = await browser.newTab(`${server.origin}/one`)
    two = await browser.newTab(`${server.origin}/two`)
    return async () => {
      await one.close().catch(() => {})
      await two.close()
    }
  }, 60_000)

  test.skipIf(missing)("share localStorage and its events", async () => {
    await two.evaluate(() => {
      localStorage.clear()
      addEventListener("storage", (event) => Object.assign(window, { heard: event.newValue }))
    })
    await one.evaluate(() => localStorage.setItem("key", "from one"))
    expect(await two.waitFor(() => localStorage.getItem("key"))).toBe("from one")
    expect(await two.waitFor("window.heard")).toBe("from one")
  })

  test.skipIf(missing)("see each other's Web Locks, freed when the holder closes", async () => {
    await one.evaluate(holdLock, "lock")
    expect(await two.evaluate(lockIsFree, "lock")).toBe(false)
    expect(await two.evaluate(lockIsFree, "other")).toBe(true)

    const waiting = two.evaluate(waitForLock, "lock")
    expect(await one.evaluate(() => "still answers")).toBe("still answers")
    await one.close()
    expect(await waiting).toBe("mine")
  })

  test.skipIf(missing)("keep their timers on time when hidden", async () => {
    const timer = (): Promise<number> =>
      new Promise((resolve) => {
        const start = performance.now()
        setTimeout(() => resolve(performance.now() - start), 20)
      })
    expect(await one.evaluate(timer)).toBeLessThan(400)
  })

  test.skipIf(missing)("do not share with another Browser", async () => {
    await one.evaluate(() => localStorage.setItem("key", "from one"))
    const other = await launch(engine)
    try {
      const stranger = await other.newTab(`${server.origin}/stranger`)
      expect(await stranger.evaluate(() => localStorage.getItem("key"))).toBeNull()
    } finally {
      await other.close()
    }
  })
})
