import { describe, expect, test } from "vitest"
import { type Engine, engines } from "./engine.ts"
import { findBrowser } from "./find-browser.ts"
import { installArguments, installBrowsers } from "./install.ts"
import { type Machine, thisMachine } from "./machine.ts"

const packages = {
  chromium: ["chromium"],
  firefox: ["firefox-esr"],
  webkit: ["webkit2gtk-driver", "xvfb"],
}

/** A machine with `found` on it, and an apt-get that installs all but `broken`. */
const machine = (found: Engine[], changes: Partial<Machine> = {}, broken?: string) => {
  const present = new Set<Engine>(found)
  const commands: string[] = []
  const made: Machine = {
    isRoot: true,
    hasAptGet: true,
    find: (engine) => (present.has(engine) ? `/usr/bin/${engine}` : undefined),
    packagesFor: (engine) => packages[engine],
    pause: async () => {},
    aptGet: async (command) => {
      commands.push(command.join(" "))
      const fails = broken !== undefined && command.includes(broken)
      if (fails) return { ok: false, output: "E: gone\n" }
      for (const engine of engines) {
        if (command.includes(packages[engine][0] ?? "")) present.add(engine)
      }
      return { ok: true, output: "" }
    },
    ...changes,
  }
  return { made, commands }
}

describe("installBrowsers()", () => {
  test("runs nothing when all browsers are installed", async () => {
    const { made, commands } = machine(["chromium", "firefox", "webkit"])
    expect(await installBrowsers(made)).toEqual({
      chromium: { path: "/usr/bin/chromium" },
      firefox: { path: "/usr/bin/firefox" },
      webkit: { path: "/usr/bin/webkit" },
    })
    expect(commands).toEqual([])
  })

  test("updates once and installs only what is missing", async () => {
    const { made, commands } = machine(["firefox"])
    const found = await installBrowsers(made)
    expect(Object.values(found).every((one) => one.path !== undefined)).toBe(true)
    expect(commands).toEqual([
      "update",
      "install -y --no-install-recommends chromium",
      "install -y --no-install-recommends webkit2gtk-driver xvfb",
    ])
  })

  test("retries, and installs the others if one browser cannot be installed", async () => {
    const { made, commands } = machine([], {}, "firefox-esr")
    const found = await installBrowsers(made)
    expect(found.chromium.path).toBeDefined()
    expect(found.webkit.path).toBeDefined()
    expect(found.firefox).toEqual({
      reason: "apt-get install -y --no-install-recommends firefox-esr: E: gone",
    })
    expect(commands.filter((command) => command.includes("firefox-esr")).length).toBe(3)
  })

  test("goes on with old package lists when the update fails", async () => {
    const { made } = machine(["firefox", "webkit"], {}, "update")
    expect((await installBrowsers(made)).chromium.path).toBeDefined()
  })

  test.each([
    ["this is not root", { isRoot: false }],
    ["there is no apt-get here", { hasAptGet: false }],
  ])("runs nothing and says so when %s", async (why, changes) => {
    const { made, commands } = machine(["chromium", "webkit"], changes)
    const { firefox } = await installBrowsers(made)
    expect(firefox.path).toBeUndefined()
    expect(firefox.reason).toContain(why)
    expect(firefox.reason).toContain("firefox-esr")
    expect(commands).toEqual([])
  })
})

describe("thisMachine", () => {
  test("needs no package for a browser it has", () => {
    expect(thisMachine.packagesFor("webkit").length > 0).toBe(findBrowser("webkit") === undefined)
  })

  test.skipIf(!thisMachine.hasAptGet)("reports a package that apt-get does not know", async () => {
    const wrong = await thisMachine.aptGet(["-s", ...installArguments(["no-such-package"])])
    expect(wrong).toEqual({ ok: false, output: expect.stringContaining("no-such-package") })
  })
})
