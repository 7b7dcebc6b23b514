// Breaks the sources in more than a thousand small ways, and counts those that no test notices.
/** @type {import("@stryker-mutator/api/core").PartialStrykerOptions} */
export default {
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  mutate: [
    "src/core/**/*.ts",
    "src/fetch/{create-breaker,request,retry-after,registry}.ts",
    "src/stores/*.ts",
    "src/stores/durable-object/*.ts",
  ],
  // Stryker would read the file with the API of TypeScript, which version 7 does not have.
  tsconfigFile: "none",
  concurrency: 2,
  timeoutMS: 10_000,
  reporters: ["clear-text", "json", "progress-append-only"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false, allowEmojis: false },
  jsonReporter: { fileName: process.env.REPORT ?? "reports/mutation.json" },
  thresholds: { high: 95, low: 90, break: 85 },
}
