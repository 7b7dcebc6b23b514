import { IncomingMessage, ServerResponse } from "node:http"
import { createServer, Socket } from "node:net"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { startOrigin } from "../../examples/origin/origin.ts"
import type { Mode, Origin } from "../../examples/origin/origin.ts"
import { listen } from "../../examples/origin/listen.ts"
import { pause } from "../../examples/origin/wire.ts"
import { rawCall } from "./raw-call.ts"
import type { RawRequest, RawResult } from "./raw-call.ts"

let origin: Origin
beforeEach(async () => {
  origin = await startOrigin({ files: { "/page.html": { type: "text/html", body: "<p>page" } } })
})
afterEach(() => origin.close())

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(origin.url + path, init)
const raw = (path: string, request?: RawRequest): Promise<RawResult> =>
  rawCall(origin.port, path, request).result
const arrival = (id: string): Promise<void> =>
  vi.waitFor(() => expect(origin.hits(id)).toBe(1), { interval: 1 })
const putMode = (body: string): Promise<Response> => get("/mode", { method: "PUT", body })

describe("startOrigin()", () => {
  test("listens on loopback and has a URL", async () => {
    expect(origin.url).toBe(`http://127.0.0.1:${origin.port}`)
    expect((await get("/ok")).status).toBe(200)
  })

  test("uses the wanted port, or another if it is in use", async () => {
    const blocker = createServer()
    const wanted = await listen(blocker, 0, "127.0.0.1")
    await using other = await startOrigin({ port: wanted })
    expect(other.port).not.toBe(wanted)
    expect((await fetch(`${other.url}/ok`)).status).toBe(200)

    await new Promise((resolve) => blocker.close(resolve))
    await using asked = await startOrigin({ port: wanted })
    expect(asked.port).toBe(wanted)
  })

  test("listens on one more port when asked to, for as long as it runs", async () => {
    const url = await origin.alsoAt()
    expect(new URL(url).port).not.toBe(String(origin.port))
    origin.mode = { kind: "unavailable", retryAfter: 3 }
    expect((await fetch(`${url}/api?id=also`)).headers.get("retry-after")).toBe("3")
    expect(origin.hits("also")).toBe(1)
    await origin.close()
    expect((await rawCall(Number(new URL(url).port), "/").result).ending).toBe("ECONNREFUSED")
  })

  test("rejects when it cannot listen at all", async () => {
    await expect(startOrigin({ host: "192.0.2.1" })).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
    })
  })

  test("has a URL where connections are refused", async () => {
    const port = Number(new URL(origin.refusedUrl).port)
    expect((await rawCall(port, "/").result).ending).toBe("ECONNREFUSED")
  })

  test("leaves no socket open on close(), which may be called twice", async () => {
    const hanging = raw("/hang?id=open")
    await arrival("open")
    await Promise.all([origin.close(), origin.close()])
    expect((await hanging).text).toBe("")
    expect((await rawCall(origin.port, "/").result).ending).toBe("ECONNREFUSED")
  })

  test("leaves no listener behind on close()", async () => {
    const listeners = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length
    // A closed listener stays in the list until the next turn of the event loop.
    const settle = (count: number): Promise<void> =>
      vi.waitFor(() => expect(listeners()).toBe(count), { interval: 1 })
    await settle(1)
    const other = await startOrigin()
    await settle(2)
    await other.close()
    await settle(1)
  })

  test("serves given files, at paths that are not its own routes", async () => {
    const page = await get("/page.html")
    expect(page.headers.get("content-type")).toBe("text/html")
    expect(await page.text()).toBe("<p>page")
    expect((await get("/page.html", { method: "POST" })).status).toBe(404)

    const body = new Uint8Array([1, 2, 3])
    await using other = await startOrigin({
      files: (path) => ({ type: "application/wasm", body, headers: { "X-Path": path } }),
    })
    const file = await fetch(`${other.url}/any?x=1`)
    expect(file.headers.get("x-path")).toBe("/any")
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(body)
    expect(await (await fetch(`${other.url}/ok`)).json()).toEqual({ ok: true })
  })
})

describe("how a connection ends", () => {
  const part = "x".repeat(100)

  test.each([
    ["/reset", "", "ECONNRESET"],
    ["/close", "", "FIN"],
    ["/garbage", "SSH-2.0-OpenSSH_9.6\r\n", "FIN"],
    [
      "/reset-headers?ms=0",
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Cut-He",
      "ECONNRESET",
    ],
  ])("%s sends %j, then %s", async (path, text, ending) => {
    expect(await raw(path)).toEqual({ text, ending })
  })

  test.each([
    ["/reset-body?ms=0", /^content-length: 1000$/im, part, "ECONNRESET"],
    ["/truncated?ms=0", /^content-length: 1000$/im, part, "FIN"],
    ["/truncated-chunked?ms=0", /^transfer-encoding: chunked$/im, `64\r\n${part}\r\n`, "FIN"],
  ])("%s cuts the body", async (path, header, body, ending) => {
    const result = await raw(path)
    expect(result.text).toMatch(/^HTTP\/1\.1 200 /)
    expect(result.text).toMatch(header)
    expect(result.text.split("\r\n\r\n").slice(1).join("\r\n\r\n")).toBe(body)
    expect(result.ending).toBe(ending)
  })

  test("is recognized by a client in this process even if it comes at once", async () => {
    const calls = Array.from({ length: 200 }, () => raw("/reset-body?ms=0"))
    const endings = (await Promise.all(calls)).map(({ ending }) => ending)
    expect(new Set(endings)).toEqual(new Set(["ECONNRESET"]))
  })

  test("does not turn a FIN into an RST because a large body was sent", async () => {
    const body = "x".repeat(5_000_000)
    expect(await raw("/close", { method: "POST", body })).toEqual({ text: "", ending: "FIN" })
    const answered = await raw("/status/503", { method: "POST", body })
    expect(answered.text).toMatch(/^HTTP\/1\.1 503 /)
    expect(answered.ending).toBe("FIN")
  })

  test.each(["/reset", "/close", "/garbage", "/reset-headers"])(
    "fetch() rejects on %s",
    async (path) => {
      await expect(get(path)).rejects.toThrow(TypeError)
    },
  )

  test.each(["/reset-body", "/truncated", "/truncated-chunked"])(
    "fetch() resolves on %s and its body fails",
    async (path) => {
      const response = await get(path)
      expect(response.status).toBe(200)
      await expect(response.text()).rejects.toThrow(TypeError)
    },
  )

  test("closes the connection after every answer, so that it is not reused", async () => {
    expect(await raw("/ok")).toMatchObject({ ending: "FIN" })
  })
})

describe("late answers", () => {
  test("/hang never answers, while other requests are answered", async () => {
    const call = rawCall(origin.port, "/hang?id=hang")
    await arrival("hang")
    await get("/ok")
    expect(call.received()).toBe("")
    call.hangUp()
  })

  test("/hang-body sends its headers and no body", async () => {
    const response = await get("/hang-body")
    const reader = response.body!.getReader()
    const read = reader.read().then(() => "read")
    expect(await Promise.race([read, get("/ok").then(() => "nothing")])).toBe("nothing")
    await reader.cancel()
  })

  test("/hang-body can begin its body", async () => {
    const reader = (await get("/hang-body?body=begun")).body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("begun")
    await reader.cancel()
  })

  test("/slow waits for the given time", async () => {
    const start = performance.now()
    expect(await (await get("/slow?ms=30")).json()).toEqual({ ok: true })
    // Node rounds its timers by less than a millisecond.
    expect(performance.now() - start).toBeGreaterThan(29)
  })

  test("/slow-body sends its chunks one by one", async () => {
    const response = await get("/slow-body?ms=5&chunks=3")
    let reads = 0
    let text = ""
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      reads++
      text += part
    }
    expect(text).toBe("chunk 1\nchunk 2\nchunk 3\n")
    expect(reads).toBeGreaterThan(1)
  })

  test("a wait ends when the client leaves", async () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()))
    const outlived = pause(response, 600_000)
    response.emit("close")
    expect(await outlived).toBe(false)
  })

  test("a client that leaves early does not affect others", async () => {
    const calls = ["/slow?ms=5&id=a", "/slow-body?ms=5&id=b", "/reset-body?ms=5&id=c"]
    for (const path of calls) {
      const call = rawCall(origin.port, path)
      await arrival(path.at(-1)!)
      call.hangUp()
    }
    expect(await (await get("/slow?ms=20")).json()).toEqual({ ok: true })
  })
})

describe("whole answers", () => {
  test.each([200, 204, 304, 404, 418, 429, 503, 599])("/status/%i answers it", async (status) => {
    expect((await get(`/status/${status}`)).status).toBe(status)
  })

  test("/status takes a body and a Retry-After unchanged", async () => {
    const response = await get("/status/503?body=later&retry-after=soon%20enough")
    expect(response.headers.get("retry-after")).toBe("soon enough")
    expect(await response.text()).toBe("later")
    expect((await get("/status/503")).headers.has("retry-after")).toBe(false)
  })

  test.each([
    ["date:+5", 5],
    ["date:%2B5", 5],
    ["date:-5", -5],
  ])("/status?retry-after=%s is a date", async (value, seconds) => {
    const before = Date.now()
    const header = (await get(`/status/503?retry-after=${value}`)).headers.get("retry-after")!
    const after = Date.now()
    expect(header).toBe(new Date(header).toUTCString())
    expect(Date.parse(header)).toBeGreaterThanOrEqual(before + seconds * 1000)
    expect(Date.parse(header)).toBeLessThan(after + (seconds + 1) * 1000)
  })

  test("/echo returns the request", async () => {
    const headers = { "X-Mine": "1" }
    const echo = await (await get("/echo", { method: "PUT", headers, body: "héllo" })).json()
    expect(echo).toMatchObject({ method: "PUT", headers: { "x-mine": "1" }, body: "héllo" })
  })

  test("/no-content answers 204", async () => {
    expect((await get("/no-content")).status).toBe(204)
  })

  test("/redirect leads to the given URL", async () => {
    const response = await get("/redirect?to=/echo&status=307", { method: "POST", body: "kept" })
    expect(response.redirected).toBe(true)
    expect(await response.json()).toMatchObject({ method: "POST", body: "kept" })
    expect((await get("/redirect?to=/ok", { redirect: "manual" })).status).toBe(302)
  })

  test("/redirect-loop never ends, and counts every round", async () => {
    await expect(get("/redirect-loop?id=loop")).rejects.toThrow(TypeError)
    expect(origin.hits("loop")).toBeGreaterThan(10)
  })

  test.each([
    "/status/abc",
    "/status/101",
    "/status/503?retry-after=a%0D%0Ab",
    "/redirect",
    "/redirect?to=/ok&status=200",
    "/slow?ms=-1",
    "/slow?ms=soon",
    "/ok?cache=%00",
  ])("%s is a bad request", async (path) => {
    const response = await get(path)
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: expect.any(String) })
  })

  test("an unknown path is not found", async () => {
    expect((await get("/nowhere")).status).toBe(404)
  })
})

describe("headers of every answer", () => {
  const preflight = { "Access-Control-Request-Method": "PUT" }

  test("let any origin read it, and keep it from caches", async () => {
    for (const path of ["/ok", "/status/500", "/api", "/mode", "/hits", "/page.html", "/nowhere"]) {
      const { headers } = await get(path)
      expect(headers.get("access-control-allow-origin"), path).toBe("*")
      expect(headers.get("cache-control"), path).toBe("no-store")
      expect(headers.get("x-content-type-options"), path).toBe("nosniff")
      expect(headers.has("access-control-expose-headers"), path).toBe(false)
    }
  })

  test("expose Retry-After and allow caching on request", async () => {
    const { headers } = await get("/status/503?expose=1&cache=max-age%3D9")
    expect(headers.get("access-control-expose-headers")).toBe("Retry-After")
    expect(headers.get("cache-control")).toBe("max-age=9")
  })

  test("answer a preflight on a fault route, without counting it", async () => {
    const response = await get("/reset?id=pre", { method: "OPTIONS", headers: preflight })
    expect(response.status).toBe(204)
    expect(response.headers.get("access-control-allow-methods")).toBe("*")
    expect(response.headers.get("access-control-allow-headers")).toBe("*, Authorization")
    expect(response.headers.get("access-control-allow-private-network")).toBe("true")
    expect(origin.hits("pre")).toBe(0)
    expect(origin.total).toBe(0)
  })

  test("leave CORS out for cors=none", async () => {
    for (const method of ["GET", "OPTIONS"]) {
      const { headers } = await get("/ok?cors=none&expose=1", { method, headers: preflight })
      expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([])
    }
  })
})

describe("hits", () => {
  test("are counted by id, even for a request that is never answered", async () => {
    await get("/ok?id=a")
    await get("/status/503?id=a")
    await raw("/reset?id=b")
    await get("/api?id=b")
    expect([origin.hits("a"), origin.hits("b"), origin.hits("c")]).toEqual([2, 2, 0])
    expect(origin.total).toBe(4)
  })

  test("are counted before the body has arrived", async () => {
    const call = rawCall(origin.port, "/ok?id=early", { method: "POST", length: 9 })
    await arrival("early")
    expect(call.received()).toBe("")
    call.hangUp()
  })

  test("can be read over HTTP, which is not counted", async () => {
    await get("/ok?id=a")
    await get("/ok?id=__proto__")
    await get("/ok")
    expect(await (await get("/hits?id=a")).json()).toEqual({ hits: 1 })
    expect(await (await get("/hits?id=none")).json()).toEqual({ hits: 0 })
    expect(await (await get("/hits")).text()).toBe('{"hits":{"a":1,"__proto__":1}}')
    expect(origin.hits("a")).toBe(1)
    expect(origin.total).toBe(3)
  })

  test("in total do not include files and unknown paths", async () => {
    await get("/page.html?id=page")
    await get("/favicon.ico")
    expect(origin.hits("page")).toBe(1)
    expect(origin.total).toBe(0)
  })
})

describe("mode", () => {
  const statuses = async (calls: number): Promise<number[]> => {
    const all: number[] = []
    for (let call = 0; call < calls; call++) all.push((await get("/api/items")).status)
    return all
  }

  test("is healthy at first", async () => {
    expect(origin.mode).toEqual({ kind: "healthy" })
    expect(await (await get("/api")).json()).toEqual({ ok: true })
    expect((await get("/apiary")).status).toBe(404)
  })

  test("slow and healthy wait for their latency", async () => {
    for (const kind of ["slow", "healthy"] as const) {
      origin.mode = { kind, latency: 30 }
      const start = performance.now()
      expect((await get("/api")).status).toBe(200)
      expect(performance.now() - start).toBeGreaterThan(29)
    }
  })

  test("failing spreads its failures evenly", async () => {
    origin.mode = { kind: "failing", rate: 0.5 }
    expect(await statuses(4)).toEqual([200, 500, 200, 500])
    origin.mode = { kind: "failing", rate: 1, status: 502 }
    expect(await statuses(2)).toEqual([502, 502])
    origin.mode = { kind: "failing", rate: 0 }
    expect(await statuses(2)).toEqual([200, 200])
  })

  test("unavailable sends Retry-After", async () => {
    origin.mode = { kind: "unavailable", retryAfter: 7 }
    const response = await get("/api")
    expect(response.status).toBe(503)
    expect(response.headers.get("retry-after")).toBe("7")
  })

  test.each(["resetting", "down"] as const)("%s resets before any byte", async (kind) => {
    origin.mode = { kind }
    expect(await raw("/api")).toEqual({ text: "", ending: "ECONNRESET" })
    expect((await get("/ok")).status).toBe(200)
  })

  test("slow-body sends chunks", async () => {
    origin.mode = { kind: "slow-body", ms: 1, chunks: 2 }
    expect(await (await get("/api")).text()).toBe("chunk 1\nchunk 2\n")
  })

  test("a new mode resets the hanging requests of the old one, and no others", async () => {
    origin.mode = { kind: "hanging" }
    const hanging = rawCall(origin.port, "/api?id=hanging")
    const other = rawCall(origin.port, "/hang?id=other")
    await arrival("hanging")
    await arrival("other")
    expect(hanging.received()).toBe("")

    origin.mode = { kind: "healthy" }
    expect(await hanging.result).toEqual({ text: "", ending: "ECONNRESET" })
    expect((await get("/api")).status).toBe(200)
    expect(await Promise.race([other.result, "open"])).toBe("open")
    other.hangUp()
  })

  test("is that at the arrival of the request", async () => {
    origin.mode = { kind: "hanging" }
    const body = "x".repeat(5_000_000)
    const hanging = raw("/api?id=late", { method: "POST", body })
    await arrival("late")
    origin.mode = { kind: "healthy" }
    expect(await hanging).toMatchObject({ text: "", ending: "ECONNRESET" })
  })

  test("can be set and read over HTTP", async () => {
    const mode = { kind: "failing", rate: 1, status: 429 }
    const put = await putMode(JSON.stringify(mode))
    expect(put.status).toBe(200)
    expect(await put.json()).toEqual(mode)
    expect(origin.mode).toEqual(mode)
    expect(await (await get("/mode")).json()).toEqual(mode)
    expect(await statuses(1)).toEqual([429])
    expect((await get("/mode", { method: "DELETE" })).status).toBe(405)
  })

  test.each([
    ["", "A mode must be sent as JSON"],
    ["null", "A mode must be an object, got null"],
    ["{}", "The kind of a mode must be one of healthy, slow, failing,"],
    ['{"kind":"toString"}', 'got "toString"'],
    ['{"kind":"slow"}', 'The mode "slow" needs the field "latency"'],
    ['{"kind":"slow","latency":-1}', '"latency" must be a whole number from 0 to 600000, got -1'],
    ['{"kind":"slow","latency":"5"}', 'got "5"'],
    ['{"kind":"slow","latency":null}', "got null"],
    ['{"kind":"hanging","latency":5}', 'The mode "hanging" has no field "latency"'],
    ['{"kind":"failing","rate":1.1}', '"rate" must be a number from 0 to 1, got 1.1'],
    ['{"kind":"failing","rate":1,"status":200}', '"status" must be a whole number from 400 to 599'],
    ['{"kind":"unavailable","retryAfter":0.5}', '"retryAfter" must be a whole number'],
  ])("does not change when %s is sent", async (body, message) => {
    origin.mode = { kind: "slow", latency: 1 }
    const response = await putMode(body)
    expect(response.status).toBe(400)
    expect((await response.json()).error).toContain(message)
    expect(origin.mode).toEqual({ kind: "slow", latency: 1 })
  })

  test("throws when it is set to an invalid mode in the process", () => {
    const bad = { kind: "failing", rate: Number.NaN } as Mode
    expect(() => (origin.mode = bad)).toThrow(RangeError)
    expect(origin.mode).toEqual({ kind: "healthy" })
  })
})
