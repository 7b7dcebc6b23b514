/** Which responses the Worker of the example keeps. That it serves them is tested in workerd. */
import { afterEach, expect, test, vi } from "vitest"
import { keepCopy } from "../../examples/cloudflare-worker/src/stale.ts"

afterEach(() => void vi.unstubAllGlobals())

test.each<[string, RequestInit, ResponseInit, boolean]>([
  ["a 200", {}, {}, true],
  ["a 200 that a cache may keep for less long", {}, { headers: { "cache-control": "max-age=5" } }, true],
  ["a 404", {}, { status: 404 }, false],
  ["the answer to a POST", { method: "POST" }, {}, false],
  ["the answer to a HEAD", { method: "HEAD" }, {}, false],
  ["the answer to a request with a cookie", { headers: { cookie: "a=1" } }, {}, false],
  ["the answer to a request with credentials", { headers: { authorization: "Basic eDp5" } }, {}, false],
  ["a private response", {}, { headers: { "cache-control": "max-age=5, Private" } }, false],
  ["one that must not be stored", {}, { headers: { "cache-control": "no-store" } }, false],
  ["one that sets a cookie", {}, { headers: { "set-cookie": "a=1" } }, false],
  ["one that varies", {}, { headers: { vary: "accept" } }, false],
])("a copy is kept of %s: %j %j %j", async (_, request, init, kept) => {
  const put = vi.fn(async (_url: string, copy: Response) => void (await copy.text()))
  vi.stubGlobal("caches", { open: async () => ({ put }) })
  const response = new Response("body", init)
  const background: Promise<unknown>[] = []
  expect(keepCopy(new Request("https://a.example/", request), response, (promise) => background.push(promise))).toBe(response)
  await Promise.all(background)
  expect(put.mock.calls.map(([url]) => url)).toEqual(kept ? ["https://a.example/"] : [])
  if (kept) expect(put.mock.lastCall?.[1].headers.get("cache-control")).toBe("max-age=86400")
  expect(await response.text()).toBe("body")
})
