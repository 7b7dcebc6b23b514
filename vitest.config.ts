import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real engines start here, on machines that are slow and shared.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The default for two cores is one, and engines spend most of their time waiting.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A machine that pauses an engine for seconds does so once; a bug fails twice.
    retry: process.env["CI"] ? 1 : 0,
    globalSetup: ["test/global-setup.ts"],
  },
})
