/** What a browser asks a service worker for reaches the server as with a bare `fetch`, though the call has a time limit. */
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Browser, Tab } from "../browsers/browser.ts"
import { engines } from "../browsers/engine.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { launch } from "../browsers/launch.ts"
import { bundle } from "../runtimes/bundle.ts"

const index = JSON.stringify(new URL("../../src/index.ts", import.meta.url).pathname)

describe.each(engines)("safeFetch(event.request) with a callTimeout in %s", { timeout: 60_000 }, (engine) => {
  const missing = findBrowser(engine) === undefined
  const received: Record<string, IncomingHttpHeaders> = {}
  let worker = ""
  const server = createServer((request, response) => {
    const path = request.url ?? "/"
    received[path] ??= request.headers
    if (path === "/worker.js") response.setHeader("content-type", "text/javascript").end(worker)
    else if (path.endsWith("/sound")) response.setHeader("content-type", "audio/wav").end()
    else response.setHeader("content-type", "text/html").end(`<title>${path}</title>`)
  })
  let browser: Browser
  let tab: Tab
  // To a browser these are two sites.
  const site = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const otherSite = (): string => `http://localhost:${(server.address() as AddressInfo).port}`

  beforeAll(async () => {
    if (missing) return
    worker = await bundle(`
      import { wrapFetch } from ${index}
      const safeFetch = wrapFetch(undefined, { callTimeout: 60_000 })
      addEventListener("install", () => skipWaiting())
      addEventListener("activate", (event) => event.waitUntil(clients.claim()))
      addEventListener("fetch", (event) => event.respondWith(
        (new URL(event.request.url).pathname.startsWith("/bare/") ? fetch : safeFetch)(event.request)
      ))
    `)
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    browser = await launch(engine)
    tab = await browser.newTab(`${site()}/page`)
    await tab.evaluate(async () => {
      document.cookie = "strict=1; SameSite=Strict"
      const taken = new Promise((resolve) => (navigator.serviceWorker.oncontrollerchange = resolve))
      await navigator.serviceWorker.register("/worker.js")
      await taken
    })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    server.closeAllConnections()
    server.close()
  }, 60_000)

  /** The headers of a request, once it was made, that depend on the kind of the request. */
  async function headersOf(path: string): Promise<IncomingHttpHeaders> {
    await expect.poll(() => received[path], { timeout: 20_000 }).toBeDefined()
    const { origin, cookie, referer, range, "sec-fetch-site": from, "sec-fetch-mode": mode } = received[path]!
    return { origin, cookie, referer, range, "sec-fetch-site": from, "sec-fetch-mode": mode }
  }

  test.skipIf(missing)("passes on the range that a media element asks for", async () => {
    for (const path of ["/bare/sound", "/guarded/sound"]) {
      await tab.evaluate((path) => {
        const sound = Object.assign(new Audio(path), { muted: true, preload: "auto" })
        document.body.append(sound)
        sound.load()
      }, path)
    }
    expect(await headersOf("/guarded/sound")).toEqual(await headersOf("/bare/sound"))
    // WebKit asks for a range only once it has seen the first answer.
    expect(received["/guarded/sound"]?.range).toBe(engine === "webkit" ? undefined : "bytes=0-")
  })

  test.skipIf(missing)("passes on a form that another site posts as what it is, without the cookies of this one", async () => {
    for (const path of ["/bare/transfer", "/guarded/transfer"]) {
      await tab.goto(`${otherSite()}/form`)
      await tab.evaluate((action) => {
        const form = Object.assign(document.createElement("form"), { method: "post", action })
        document.body.append(form)
        setTimeout(() => form.submit())
      }, site() + path)
      await tab.waitFor(`document.title === "${path}"`)
    }
    expect(await headersOf("/guarded/transfer")).toEqual(await headersOf("/bare/transfer"))
    expect(received["/guarded/transfer"]?.cookie).toBeUndefined()
  })
})
