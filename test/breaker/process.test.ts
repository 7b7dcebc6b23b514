import { build } from "esbuild"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url))

interface Ended {
  readonly code: number | null
  readonly out: string
}

/** Runs a module in a new Node process. One that does not exit by itself is killed and has the code `null`. */
async function run(source: string, ...flags: string[]): Promise<Ended> {
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as wb from ${JSON.stringify(entry)}\n${source}`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  })
  const child = spawn(process.execPath, [...flags, "--input-type=module"], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000)
  let out = ""
  child.stdout.on("data", (data: Buffer) => (out += data.toString()))
  child.stdin.end(outputFiles[0]?.text)
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve))
  clearTimeout(timer)
  return { code, out }
}

test("a process exits although its breaker is open, half-open or isolated #69", async () => {
  const { code, out } = await run(`
    const HOUR = 3_600_000
    const settings = { callTimeout: HOUR, probeTimeout: HOUR, timeout: HOUR, onStateChange() {} }
    const open = new wb.CircuitBreaker({ ...settings, ...wb.consecutiveFailures(1) })
    await open.execute(() => Promise.reject(new Error("boom"))).catch(() => {})
    const halfOpen = new wb.CircuitBreaker({ ...settings, timeout: 1e-6 })
    halfOpen.trip()
    while (halfOpen.state !== "half-open") {}
    halfOpen.allow()
    new wb.CircuitBreaker(settings).isolate()
    console.log(open.state, halfOpen.state, process.getActiveResourcesInfo().includes("Timeout"))
  `)
  expect(out.trim()).toBe("open half-open false")
  expect(code).toBe(0)
}, 30_000)

test("10,000 dropped breakers are garbage-collected without being disposed of #70", async () => {
  const { code, out } = await run(
    `
    const signal = new AbortController().signal
    const settings = {
      windowSize: 10, slowCallDuration: 5, callTimeout: 1_000, timeout: 3_600_000,
      onStateChange() {}, ...wb.consecutiveFailures(2),
    }
    async function use(i) {
      const breaker = new wb.CircuitBreaker({ name: String(i), ...settings })
      breaker.addEventListener("failure", () => {})
      await breaker.execute(() => "fine", { signal })
      const fail = () => Promise.reject(new Error("boom"))
      for (let n = 0; n <= i % 2; n++) await breaker.execute(fail, { signal }).catch(() => {})
      if (i % 6 === 0) breaker.allow()
      if (i % 5 === 0) breaker.isolate()
      return new WeakRef(breaker)
    }
    const refs = []
    for (let i = 0; i < 10_000; i++) refs.push(await use(i))
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      gc()
    }
    console.log(refs.length, refs.filter((ref) => ref.deref()).length)
  `,
    "--expose-gc",
  )
  expect(code).toBe(0)
  const [made, alive] = out.trim().split(" ").map(Number)
  expect(made).toBe(10_000)
  // The engine may still hold the last breakers that it ran.
  expect(alive).toBeLessThanOrEqual(10)
}, 60_000)
