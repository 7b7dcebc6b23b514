/** A browser reads a body to its end even when it has collected the object: the caller's signal has to stop that too. */
import { afterAll, beforeAll, describe, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import type { Browser } from "../browsers/browser.ts"
import { engines } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { launch } from "../browsers/launch.ts"
import { bundle } from "../runtimes/bundle.ts"

const index = JSON.stringify(new URL("../../src/index.ts", import.meta.url).pathname)

describe.each(engines)("in %s, the abort by a caller of a call with a callTimeout", { timeout: 60_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  let origin: Origin
  let browser: Browser

  beforeAll(async () => {
    if (missing) return
    const script = await bundle(`import { wrapFetch } from ${index}; window.wrapFetch = wrapFetch`)
    const body = `<!doctype html><title>page</title><script type="module">${script.replaceAll("</", "<\\/")}</script>`
    origin = await startOrigin({ files: { "/page": { type: "text/html", body } } })
    browser = await launch(engine)
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await origin?.close()
  }, 60_000)

  test.skipIf(missing).each(["text", "blob"])("ends %s() of a body whose object is garbage", async (reader) => {
    const tab = await browser.newTab(`${origin.url}/page`)
    await tab.waitFor("window.wrapFetch !== undefined")
    await tab.evaluate(`void (() => {
      window.controller = new AbortController()
      const safeFetch = wrapFetch(fetch, { callTimeout: 60_000 })
      const read = async () => {
        const response = await safeFetch("/slow-body?ms=20&chunks=10000", { signal: controller.signal })
        window.started = true
        return response.${reader}()
      }
      read().catch(() => (window.ended = true))
    })()`)
    await tab.waitFor("window.started")
    // Not a collection on request: that one spares what this is about.
    await tab.evaluate(async () => {
      for (let i = 0; i < 6; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50))
        Object.assign(window, { garbage: Array.from({ length: 400_000 }, (x) => ({ x })) })
      }
    })
    await tab.evaluate("controller.abort()")
    await tab.waitFor("window.ended")
    await tab.close()
  })
})
