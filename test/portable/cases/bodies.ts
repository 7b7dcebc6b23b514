/** Responses that count when their headers arrive, and when their bodies end. */
import { consecutiveFailures, wrapFetch } from "../../../src/index.ts"
import type { Case } from "../../runtimes/suite.ts"
import { outcomes } from "../outcomes.ts"
import { pause } from "../pause.ts"
import { recorder } from "../recorder.ts"
import { isBrowser } from "../runtimes.ts"
import { target } from "../target.ts"

/** Checks a little later: a reader may see the end of a body a few microtasks before the breaker does. */
async function counted(...check: Parameters<typeof outcomes>): Promise<void> {
  await pause()
  outcomes(...check)
}

const BROKEN = ["/reset-body", "/truncated", "/truncated-chunked"]

export const cases: Case[] = [
  {
    name: "the response is the object that fetch returned, when headers count",
    async run(t) {
      const { fetch: own, responses } = recorder()
      const fetch = wrapFetch(own, { callTimeout: 1_000 })
      const response = await fetch(target(t, "/ok").url)
      t.equal(response, responses[0])
      t.equal(response.bodyUsed, false)
    },
  },
  ...BROKEN.flatMap((path): Case[] => [
    {
      name: `${path} is a success when headers count`,
      async run(t) {
        const fetch = wrapFetch(undefined, { settleOn: "headers" })
        const response = await fetch(target(t, path).url)
        outcomes(t, fetch, { successes: 1 })
        await response.text().catch(() => {})
        await counted(t, fetch, { successes: 1 })
      },
    },
    {
      name: `${path} is a failure when bodies count`,
      async run(t) {
        const fetch = wrapFetch(undefined, { settleOn: "body" })
        const response = await fetch(target(t, path).url)
        outcomes(t, fetch, { pending: 1 })
        if (t.runtime === "webkit" && path === "/truncated-chunked") {
          // WebKit treats the end of the connection as the end of the chunks.
          t.equal((await response.text()).length, 100)
          await counted(t, fetch, { successes: 1 })
          return
        }
        const errors: unknown[] = []
        fetch.breakers.get(t.origin)?.addEventListener("failure", ({ error }) => void errors.push(error))
        t.equal(await t.rejects(response.text()), errors[0])
        await counted(t, fetch, { failures: 1 })
      },
    },
  ]),
  {
    name: "a body that hangs is a success when headers count",
    async run(t) {
      const fetch = wrapFetch(undefined, { callTimeout: 1_000 })
      const response = await fetch(target(t, "/hang-body?body=begun").url)
      outcomes(t, fetch, { successes: 1 })
      await pause(1_100)
      const reader = response.body?.getReader()
      const { value } = (await reader?.read()) ?? {}
      t.equal(new TextDecoder().decode(value), "begun")
      await reader?.cancel()
      outcomes(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a body that hangs is a failure past callTimeout when bodies count",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body", callTimeout: 1_000 })
      const response = await fetch(target(t, "/hang-body?body=begun").url)
      outcomes(t, fetch, { pending: 1 })
      await t.rejects(response.text(), { name: "TimeoutError" })
      await counted(t, fetch, { failures: 1 })
    },
  },
  {
    name: "a body that hangs is a failure past callTimeout even if it is not read",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body", callTimeout: 1_000 })
      const response = await fetch(target(t, "/hang-body?body=begun").url)
      await pause(1_100)
      outcomes(t, fetch, { failures: 1 })
      await t.rejects(response.text(), { name: "TimeoutError" })
    },
  },
  {
    name: "a body that its caller aborts is excluded when bodies count",
    async run(t) {
      for (const callTimeout of [0, 60_000]) {
        const fetch = wrapFetch(undefined, { settleOn: "body", callTimeout })
        const controller = new AbortController()
        const { url } = target(t, "/hang-body?body=begun")
        const response = await fetch(url, { signal: controller.signal })
        const clone = response.clone()
        const rejected = Promise.all([t.rejects(response.text()), t.rejects(clone.blob())])
        controller.abort("enough")
        t.deepEqual(await rejected, ["enough", "enough"])
        await counted(t, fetch, { exclusions: 1 })
      }
    },
  },
  {
    name: "a body whose fetch ignores its signal ends for its reader at callTimeout, and at an abort",
    async run(t) {
      const ends: unknown[] = []
      const own = async (): Promise<Response> => new Response(new ReadableStream({ cancel: (reason) => void ends.push(reason) }))
      const late = await wrapFetch(own, { settleOn: "body", callTimeout: 20 })(`${t.origin}/`)
      const timeout = await t.rejects(late.text(), { name: "TimeoutError" })
      const controller = new AbortController()
      const { body } = await wrapFetch(own, { settleOn: "body" })(`${t.origin}/`, { signal: controller.signal })
      const read = t.rejects(Promise.resolve(body?.getReader().read()))
      controller.abort("enough")
      t.equal(await read, "enough")
      t.deepEqual(ends, [timeout, "enough"])
    },
  },
  {
    name: "a body that is not JSON is a success when bodies count, and its json() throws and may be replaced",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const response = await fetch(target(t, "/status/200?body=no%20json").url)
      const clone = response.clone()
      // ky does this.
      clone.json = () => clone.text()
      await t.rejects(response.json(), { name: "SyntaxError" })
      t.equal(await clone.json(), "no json")
      await counted(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a response whose body is already used or locked is passed on when bodies count",
    async run(t) {
      const used = new Response("used")
      await used.text()
      const locked = new Response("locked")
      locked.body?.getReader()
      for (const response of [used, locked]) {
        const fetch = wrapFetch(async () => response, { settleOn: "body" })
        t.equal(await fetch(`${t.origin}/`), response)
        outcomes(t, fetch, { successes: 1 })
      }
    },
  },
  {
    name: "a complete body is a success once it has been read",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const response = await fetch(target(t, "/slow-body?ms=20&chunks=3").url)
      outcomes(t, fetch, { pending: 1 })
      t.equal(await response.text(), "chunk 1\nchunk 2\nchunk 3\n")
      await counted(t, fetch, { successes: 1 })
    },
  },
  {
    name: "the call whose failing body opens the breaker still gets its response",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body", ...consecutiveFailures(1) })
      const { url } = target(t, "/status/503?body=over%20capacity")
      const response = await fetch(url)
      t.equal(response.status, 503)
      t.equal(await response.text(), "over capacity")
      await pause()
      t.equal(fetch.breakers.get(t.origin)?.state, "open")
    },
  },
  ...["/no-content", "/status/204", "/status/304"].map((path): Case => ({
    name: `${path} has no body to wait for when bodies count`,
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const response = await fetch(target(t, path).url)
      await counted(t, fetch, { successes: 1 })
      t.equal(await response.text(), "")
    },
  })),
  {
    name: "a HEAD has no body to wait for when bodies count",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const response = await fetch(target(t, "/ok").url, { method: "HEAD" })
      t.equal(response.status, 200)
      await counted(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a response of an unknown status is passed on when bodies count",
    async run(t) {
      const { url } = target(t, "/status/999?body=denied")
      // Not every runtime accepts such a status, but that is not for the wrapper to decide.
      const expected = await fetch(url).then(
        ({ status }) => status,
        () => undefined,
      )
      const wrapped = wrapFetch(undefined, { settleOn: "body" })
      const actual = await wrapped(url).then(
        async (response) => {
          t.equal(await response.text(), "denied")
          return response.status
        },
        () => undefined,
      )
      t.equal(actual, expected)
      await counted(t, wrapped, { failures: 1 })
    },
  },
  {
    name: "the response keeps its properties when bodies count",
    async run(t) {
      const { url } = target(t, `/redirect?to=${encodeURIComponent("/status/404?body=gone")}`)
      const expected = await fetch(url)
      const response = await wrapFetch(undefined, { settleOn: "body" })(url)
      t.ok(response instanceof Response)
      for (const key of ["url", "redirected", "type", "status", "statusText", "ok"] as const) {
        t.equal(response[key], expected[key], key)
      }
      t.equal(response.redirected, true)
      t.equal(response.bodyUsed, false)
      const headers = (of: Response): unknown =>
        [...of.headers].filter(([name]) => name !== "date").map((header) => header.join(": "))
      t.deepEqual(headers(response), headers(expected))
      t.equal(await response.text(), await expected.text())
      t.equal(response.bodyUsed, true)
    },
  },
  {
    name: "the response keeps its type across origins when bodies count",
    async run(t) {
      const { url } = target(t, "/ok", t.otherOrigin)
      const expected = await fetch(url)
      const response = await wrapFetch(undefined, { settleOn: "body" })(url)
      t.equal(response.type, expected.type)
      if (isBrowser(t.runtime)) t.equal(response.type, "cors")
      t.deepEqual(await response.json(), { ok: true })
    },
  },
  {
    name: "a clone can be read too, keeps its properties, and is not counted again",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const end = target(t, "/slow-body?ms=10&chunks=3")
      const { url } = target(t, `/redirect?to=${encodeURIComponent(end.url)}`)
      const response = await fetch(url)
      const clone = response.clone()
      const again = clone.clone()
      for (const copy of [clone, again]) {
        t.ok(copy instanceof Response)
        for (const key of ["url", "redirected", "type", "status"] as const) {
          t.equal(copy[key], response[key], key)
        }
      }
      outcomes(t, fetch, { pending: 1 })
      const texts = await Promise.all([response.text(), clone.text(), again.text()])
      t.deepEqual(texts, Array(3).fill("chunk 1\nchunk 2\nchunk 3\n"))
      await counted(t, fetch, { successes: 1 })
    },
  },
  {
    name: "a body can be read in every way when bodies count",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const get = async (): Promise<Response> => fetch(target(t, "/status/200?body=123").url)
      t.equal(await (await get()).json(), 123)
      t.equal((await (await get()).arrayBuffer()).byteLength, 3)
      t.equal((await (await get()).blob()).size, 3)
      const reader = (await get()).body?.getReader()
      let length = 0
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true }
        if (done) break
        length += value?.length ?? 0
      }
      t.equal(length, 3)
      const through = (await get()).body?.pipeThrough(new TransformStream())
      t.equal(await new Response(through ?? null).text(), "123")
      await counted(t, fetch, { successes: 5 })
    },
  },
  {
    name: "a cancelled body is a success",
    async run(t) {
      const fetch = wrapFetch(undefined, { settleOn: "body" })
      const unread = await fetch(target(t, "/hang-body?body=begun").url)
      await unread.body?.cancel("not needed")
      await counted(t, fetch, { successes: 1 })

      const begun = await fetch(target(t, "/hang-body?body=begun").url)
      const reader = begun.body?.getReader()
      await reader?.read()
      outcomes(t, fetch, { successes: 1, pending: 1 })
      await reader?.cancel()
      await counted(t, fetch, { successes: 2 })
    },
  },
  {
    name: "a call that fails before its headers is a failure when bodies count",
    async run(t) {
      const { fetch: own, errors } = recorder()
      const fetch = wrapFetch(own, { settleOn: "body" })
      t.equal(await t.rejects(fetch(`${t.refused}/`)), errors[0])
      outcomes(t, fetch, { failures: 1 }, t.refused)
    },
  },
  {
    name: "a body that breaks off is not replaced by a fallback",
    async run(t) {
      let asked = 0
      const fetch = wrapFetch(undefined, {
        settleOn: "body",
        fallback: () => {
          asked += 1
          return new Response("instead")
        },
      })
      const response = await fetch(target(t, "/truncated").url)
      await t.rejects(response.text())
      await counted(t, fetch, { failures: 1 })
      t.equal(asked, 0)
    },
  },
]
