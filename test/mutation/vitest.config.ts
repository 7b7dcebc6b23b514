/**
 * The tests that run against each mutant: those that need no other engine and finish in seconds. The slow ones
 * come last, since the others find most mutants sooner.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { defineConfig } from "vitest/config"

const isSlow = ({ moduleId }: TestSpecification): number => Number(/properties|wrapped-fetch/.test(moduleId))

class SlowLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => isSlow(a) - isSlow(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

export default defineConfig({
  test: {
    include: ["test/{core,breaker,properties,fetch,stores}/*.test.ts", "test/mutation/wrapped-fetch.ts"],
    exclude: ["test/stores/{*workerd,*collected,deno-kv-store}.test.ts", "test/breaker/{types,process}.test.ts"],
    sequence: { sequencer: SlowLast },
    // Three times as fast, since the sources are loaded once instead of once for each file.
    isolate: false,
    pool: "threads",
    maxWorkers: 1,
  },
})
