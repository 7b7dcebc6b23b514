/** Runs the portable cases in this process, so that mutants take effect: otherwise they run in separate runtimes. */
import { afterAll, beforeAll, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import { cases } from "../portable/cases.ts"
import { cases as throwingCases } from "../portable/throwing-cases.ts"
import { runCases, type Case } from "../runtimes/suite.ts"

let origin: Origin
let otherOrigin: Origin

beforeAll(async () => {
  origin = await startOrigin()
  otherOrigin = await startOrigin()
})
afterAll(() => Promise.all([origin.close(), otherOrigin.close()]))

test.each([...cases, ...throwingCases].map((item): [string, Case] => [item.name, item]))("%s", async (_, item) => {
  const config = { runtime: "node", origin: origin.url, otherOrigin: otherOrigin.url, refused: origin.refusedUrl } as const
  const [result] = await runCases([item], config)
  expect(result).toMatchObject({ ok: true })
})
