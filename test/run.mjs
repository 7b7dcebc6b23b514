// All checks in one command: builds, type-checks, runs all tests, and ends with one line that counts
// them.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const root = new URL("..", import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), "webbreaker-"))
const results = join(folder, "results.json")
const env = { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` }
let passed = 0
let failed = 0
let skipped = 0

/** A step that is one test: it passes when its command does. */
function step(name, command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit", env })
  console.log(`${status === 0 ? "ok" : "FAILED"}: ${name}`)
  if (status === 0) passed += 1
  else failed += 1
  return status === 0
}

const built = step("build", "npm", "run", "--silent", "build")
step("types of the sources", "tsc", "-p", ".", "--noEmit")
step("types of tests and examples", "tsc", "-p", "test/tsconfig.json")
if (built) {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`]
  const { status } = spawnSync("vitest", ["run", ...reporters, ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
    env,
  })
  try {
    const report = JSON.parse(readFileSync(results, "utf8"))
    passed += report.numPassedTests
    failed += report.numFailedTests
    skipped += report.numPendingTests + report.numTodoTests
    // A file that does not load, or an error outside of any test, fails the run without a failed test.
    if (status !== 0 && report.numFailedTests === 0) failed += 1
  } catch (error) {
    console.error(error)
    failed += 1
  }
}
rmSync(folder, { recursive: true, force: true })
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`)
process.exitCode = failed === 0 ? 0 : 1
