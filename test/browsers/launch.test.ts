import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { build } from "esbuild"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { pause } from "./deadline.ts"
import { engines } from "./engine.ts"
import { findBrowser } from "./find-browser.ts"
import { launch } from "./launch.ts"

const isRunning = (id: number): boolean => {
  try {
    // A zombie has ended: only its exit status is left, until its parent reads that.
    return !/\) Z /.test(readFileSync(`/proc/${id}/stat`, "latin1"))
  } catch {
    return false
  }
}

const profileOf = (ids: readonly number[], engine: string): string => {
  const variables = ids.flatMap((id) => readFileSync(`/proc/${id}/environ`, "latin1").split("\0"))
  const home = variables.find((one) => one.startsWith("HOME=") && one.includes(`-${engine}-`))
  return home?.slice("HOME=".length) ?? ""
}

const noProc = !existsSync("/proc/self/environ")

describe.each(engines)("launch() of %s", { timeout: 180_000 }, (engine) => {
  const skip = findBrowser(engine) === undefined || noProc

  test.skipIf(skip)("reports its version, and close() leaves no process and no profile", async () => {
    const browser = await launch(engine)
    await browser.newTab()
    const ids = browser.processIds()
    const profile = profileOf(ids, engine)
    expect(browser.engine).toBe(engine)
    expect(browser.version).toMatch(/^\d+\./)
    expect(ids.length).toBeGreaterThan(2)
    expect(existsSync(profile)).toBe(true)

    await browser.close()
    expect(ids.filter(isRunning)).toEqual([])
    expect(browser.processIds()).toEqual([])
    expect(existsSync(profile)).toBe(false)
    await browser.close()
  })

  test.skipIf(skip)("leaves nothing behind when the parent is killed", async () => {
    const parent = startParent(engine)
    const ids = await idsFrom(parent)
    const profile = profileOf(ids, engine)
    expect(ids.filter(isRunning).length).toBeGreaterThan(2)

    parent.kill("SIGKILL")
    for (let round = 0; round < 100 && existsSync(profile); round++) await pause(100)
    expect(ids.filter(isRunning)).toEqual([])
    expect(existsSync(profile)).toBe(false)
  })
})

test.skipIf(findBrowser("chromium") === undefined || noProc)(
  "launch() tries once more when the first start fails",
  { timeout: 120_000 },
  async () => {
    const failed = join(folder, "failed")
    const real = findBrowser("chromium")
    writeFileSync(
      join(folder, "chromium"),
      `#!/bin/sh\n[ -e ${failed} ] || { touch ${failed}; exit 1; }\nexec ${real} "$@"`,
      { mode: 0o755 },
    )
    vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`)
    try {
      const browser = await launch("chromium")
      await browser.close()
      expect(existsSync(failed)).toBe(true)
      rmSync(failed)
      writeFileSync(join(folder, "chromium"), "#!/bin/sh\necho broken >&2; exit 3", { mode: 0o755 })
      await expect(launch("chromium")).rejects.toThrow("code 3: broken")
    } finally {
      vi.unstubAllEnvs()
    }
  },
)

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "webbreaker-parent-"))
  // Node looks for packages from the folder of the importing module.
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"))
  await build({
    stdin: {
      contents: `
        import { launch } from "./launch.ts"
        const browser = await launch(process.argv[2])
        await browser.newTab()
        console.log(JSON.stringify(browser.processIds()))
        setInterval(() => {}, 1000)`,
      resolveDir: import.meta.dirname,
      loader: "ts",
    },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    outfile: join(folder, "parent.mjs"),
  })
})

afterAll(() => rmSync(folder, { recursive: true }))

function startParent(engine: string): ChildProcess {
  return spawn(process.execPath, [join(folder, "parent.mjs"), engine], {
    stdio: ["ignore", "pipe", "inherit"],
  })
}

function idsFrom(parent: ChildProcess): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let text = ""
    parent.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part
      if (text.includes("\n")) resolve(JSON.parse(text) as number[])
    })
    parent.once("exit", (code) => reject(new Error(`The parent ended with code ${code}`)))
  })
}
