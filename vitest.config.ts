import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real engines start here, on machines that are slow and shared.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // A machine that pauses an engine for seconds does so once or twice; a bug fails each time.
    retry: process.env["CI"] ? 2 : 0,
    globalSetup: ["test/global-setup.ts"],
  },
})
