/** A long-lived signal, such as that of a page's component or of a server, keeps nothing of finished calls. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { findBrowser } from "../browsers/find-browser.ts"
import { bundle } from "../runtimes/bundle.ts"
import { startChromium, startNode, type Host } from "./hosts.ts"
import { kinds, type Kind } from "./many-calls.ts"

const CALLS = 100_000
const names = Object.keys(kinds) as Kind[]
/** A closure takes more than 50 bytes, and the second half of the calls would leave 50 000 of them. */
const LIMIT = 1_250_000
/** The engine may keep the last listeners for a while longer. */
const LAST_ONES = 20

describe.each([
  ["Node", startNode, false],
  ["Chromium", startChromium, findBrowser("chromium") === undefined],
])("%s keeps", { timeout: 900_000 }, (_, start, missing) => {
  let host: Host

  beforeAll(async () => {
    if (!missing) host = await start()
  }, 120_000)

  afterAll(() => host?.close(), 60_000)

  test.skipIf(missing).each(names)(`nothing of 100 000 calls with one signal: %s #53`, async (kind) => {
    const { listeners, growth } = await host.measure({ kind, calls: CALLS })
    expect(listeners).toBeLessThan(LAST_ONES)
    expect(growth).toBeLessThan(LIMIT)
  })

  test.skipIf(missing).each([{}, { callTimeout: 60_000 }, { settleOn: "body" }] as const)(
    "no listener of 1 000 calls over the network with %j",
    async (settings) => {
      const { listeners } = await host.measure({ kind: true, settings, calls: 1_000 })
      expect(listeners).toBeLessThan(LAST_ONES)
    },
  )

  describe("what is leaked on purpose:", () => {
    test.skipIf(missing)("one closure for each call", async () => {
      const { growth } = await host.measure({ kind: "execute()", calls: CALLS, leak: "closure" })
      expect(growth).toBeGreaterThan(LIMIT)
    })

    test.skipIf(missing)("one listener for each call", async () => {
      expect((await host.measure({ kind: "wrapFetch()", calls: 1_000, leak: "listener" })).listeners).toBe(1_000)
      expect((await host.measure({ kind: true, calls: 100, leak: "listener" })).listeners).toBeGreaterThanOrEqual(100)
    })
  })
})

test("Node without ReadableStream, as with jsdom, survives the collection of a body", async () => {
  const program = await bundle(`
    import { CircuitBreaker } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).pathname)}
    delete globalThis.ReadableStream
    const { signal } = new AbortController()
    const breaker = new CircuitBreaker({ callTimeout: 60_000 })
    for (let i = 0; i < 10; i++) await breaker.execute(async () => ({ body: {} }), { signal })
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      gc()
    }
    process.exit()
  `)
  await promisify(execFile)(process.execPath, ["--expose-gc", "--input-type=module", "--eval", program])
})
