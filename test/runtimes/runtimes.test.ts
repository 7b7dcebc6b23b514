import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import { bundle, bundleSuite } from "./bundle.ts"
import type { RunConfig } from "./runner.ts"
import { runners, type ServerName } from "./runners.ts"
import { cases } from "./sample-cases.ts"

const START = 30_000
const names = Object.keys(runners) as ServerName[]

let origin: Origin
let text: string
let config: RunConfig
beforeAll(async () => {
  origin = await startOrigin()
  text = await bundleSuite(new URL("sample-cases.ts", import.meta.url))
  config = { origin: origin.url, otherOrigin: origin.url, refused: origin.refusedUrl }
})
afterAll(() => origin.close())

const timedOut = { ok: false, error: "Error: timed out after 100 ms" }

describe.each(names)("%s", (name) => {
  const run = runners[name]
  const suite = (body: string): Promise<string> => bundle(`export const run = ${body}`)

  test("reports how each case ended, in order", { timeout: START }, async () => {
    const results = await run(text, config)
    expect(results).toEqual([
      { name: "passes", ok: true },
      {
        name: "fails an assertion",
        ok: false,
        error: 'Error: {"list":[1,2]} is not like {"list":[1,3]}',
      },
      { name: "hangs", ...timedOut },
      { name: "hangs in a request", ...timedOut },
      { name: "throws what is no error", ok: false, error: 'threw what is no error: {"code":7}' },
      {
        name: "throws before it returns a promise",
        ok: false,
        error: "RangeError: at once (cause: Error: the cause)",
      },
      { name: "is skipped", ok: true, skipped: "shows skipping" },
      { name: "is in the runtime that it was told", ok: true },
      { name: "is refused", ok: true },
    ])
    expect(results.map((result) => result.name)).toEqual(cases.map((item) => item.name))
  })

  test("is not confused by what a suite prints", { timeout: START }, async () => {
    const noisy = await suite(`async () => (console.log("[]"), console.error("{}"), [])`)
    expect(await run(noisy, config)).toEqual([])
  })

  test("rejects with the reason when the suite gives no results", { timeout: START }, async () => {
    const broken = await suite(`async () => { throw new Error("no " + "suite") }`)
    await expect(run(broken, config)).rejects.toThrow(
      new RegExp(`^No results from ${name}: [^]*no suite`),
    )
  })

  test("rejects with the reason when the bundle does not load", { timeout: START }, async () => {
    const broken = await suite(`0; throw new Error("not " + "loaded")`)
    await expect(run(broken, config)).rejects.toThrow(/not loaded/)
  })

  test("includes the error message of the runtime", { timeout: START }, async () => {
    await expect(run("export const go = 1", config)).rejects.toThrow(/SyntaxError: .*run/)
  })

  test("stops a suite that does not end", { timeout: START }, async () => {
    const endless = await suite(`async () => { for (;;); }`)
    await expect(run(endless, config, { limit: 2_000 })).rejects.toThrow(
      `No results from ${name}: stopped after 2000 ms`,
    )
  })
})
