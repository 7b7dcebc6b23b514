/**
 * The size of an import: bundled with all that it needs, minified and gzipped. Each bound is the present size,
 * rounded up, so that growth is a decision and not an accident.
 */
import { expect, test } from "vitest"
import { bundleSize } from "./bundle-size.ts"

test.each([
  [`export { CircuitBreaker } from "webbreaker"`, 6_450],
  [`export { wrapFetch } from "webbreaker"`, 9_500],
  [`export { wrapFetch } from "webbreaker"; export { localStorageStore } from "webbreaker/local-storage"`, 14_350],
  [`export { wrapFetch } from "webbreaker"; export { durableObjectStore } from "webbreaker/durable-object"`, 12_850],
  [`export { wrapFetch } from "webbreaker"; export { denoKvStore } from "webbreaker/deno-kv"`, 13_400],
  [`export { consecutiveFailures } from "webbreaker"`, 350],
])("%s stays below %i bytes #71", async (source, bound) => {
  const bytes = await bundleSize(source)
  console.log(`${bytes} bytes: ${source}`)
  expect(bytes).toBeLessThanOrEqual(bound)
})

test("no bundle imports anything, least of all a Node built-in #71", async () => {
  // Without a platform, esbuild fails on imports that it cannot resolve.
  await expect(bundleSize(`import "node:events"`)).rejects.toThrow(/node:events/)
  await expect(bundleSize(`export * from "webbreaker"; export * from "webbreaker/local-storage"; export * from "webbreaker/durable-object"; export * from "webbreaker/deno-kv"`)).resolves.toBeGreaterThan(0)
})
