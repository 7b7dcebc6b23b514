/**
 * The tests that each mutant has to survive: those that need no other engine and are done in seconds, the
 * random ones last, since the others find most mutants sooner.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { defineConfig } from "vitest/config"

const isRandom = ({ moduleId }: TestSpecification): number => Number(moduleId.includes("/properties/"))

class RandomLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => isRandom(a) - isRandom(b) || a.moduleId.localeCompare(b.moduleId))
  }
}

export default defineConfig({
  test: {
    include: ["test/{core,breaker,properties,fetch,stores}/*.test.ts"],
    exclude: ["test/stores/{*workerd,*collected}.test.ts", "test/breaker/{types,process}.test.ts"],
    sequence: { sequencer: RandomLast },
    // Three times as fast: the sources are loaded once, not once a file.
    isolate: false,
    pool: "threads",
    maxWorkers: 1,
  },
})
