/** Runs the same source text in every runtime. Each case in each runtime is a test. */
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"
import type { StaticFile } from "../../examples/origin/static-files.ts"
import { findBrowser } from "../browsers/find-browser.ts"
import { bundleSuite } from "../runtimes/bundle.ts"
import type { Runner } from "../runtimes/runner.ts"
import { runners } from "../runtimes/runners.ts"
import type { Case, CaseResult, RuntimeName } from "../runtimes/suite.ts"
import { cases } from "./cases.ts"
import { browserRunner } from "./run-in-browser.ts"
import { isBrowser } from "./runtimes.ts"
import { table } from "./table.ts"
import { cases as throwingCases } from "./throwing-cases.ts"

const LIMIT = 180_000

const suites: readonly { readonly file: string; readonly cases: readonly Case[] }[] = [
  { file: "cases.ts", cases },
  { file: "throwing-cases.ts", cases: throwingCases },
]
const allCases = suites.flatMap((suite) => suite.cases)

const files: Record<string, StaticFile> = {}
const allRunners: Readonly<Record<RuntimeName, Runner>> = {
  ...runners,
  chromium: browserRunner("chromium", files),
  firefox: browserRunner("firefox", files),
  webkit: browserRunner("webkit", files),
}
const names = Object.keys(allRunners) as RuntimeName[]

let origin: Origin
let otherOrigin: Origin
const texts = new Map<string, string>()
const results = new Map<RuntimeName, Map<string, CaseResult>>()

beforeAll(async () => {
  origin = await startOrigin({ files })
  otherOrigin = await startOrigin()
  for (const { file } of suites) {
    texts.set(file, await bundleSuite(new URL(file, import.meta.url)))
  }
})
afterAll(async () => {
  await Promise.all([origin?.close(), otherOrigin?.close()])
  console.log(table(names, allCases, results))
})

test("no two cases have the same name", () => {
  expect(new Set(allCases.map((item) => item.name)).size).toBe(allCases.length)
})

async function runSuites(name: RuntimeName): Promise<Map<string, CaseResult>> {
  const config = {
    origin: origin.url,
    otherOrigin: otherOrigin.url,
    refused: origin.refusedUrl,
    caseTimeout: 10_000,
  }
  const byName = new Map<string, CaseResult>()
  for (const { file, cases } of suites) {
    try {
      const list = await allRunners[name](texts.get(file) ?? "", config, { limit: LIMIT })
      for (const result of list) byName.set(result.name, result)
    } catch (error) {
      // If the suite gives no results, each of its cases counts as failed.
      for (const item of cases) {
        byName.set(item.name, { name: item.name, ok: false, error: String(error) })
      }
    }
  }
  return byName
}

describe.each(names)("%s", (name) => {
  // If skipping is not allowed, a missing browser is started all the same, so that its tests fail.
  const mayBeSkipped = process.env["WEBBREAKER_NO_SKIP"] === undefined
  if (mayBeSkipped && isBrowser(name) && findBrowser(name) === undefined) {
    test.skip(`${name} is not installed`)
    return
  }

  beforeAll(async () => {
    results.set(name, await runSuites(name))
  }, suites.length * (LIMIT + 60_000))

  for (const item of allCases) {
    // A case for other runtimes must not be shown as a skipped test.
    if (item.skip?.[name] !== undefined) continue
    test(item.name, () => {
      const result = results.get(name)?.get(item.name)
      if (!result?.ok) throw new Error(result?.error ?? "it gave no result")
    })
  }
})
