import { engines, type Engine } from "./engine.ts"
import { type Machine, thisMachine } from "./machine.ts"

/** Where a browser is, or why there is none. Exactly one of the two is given. */
export interface Availability {
  readonly path?: string
  readonly reason?: string
}

/**
 * Finds the three browsers and, when root on a machine with apt-get, installs those that are
 * missing. Never throws: for a browser that cannot be installed, the result has the reason.
 *
 * Call it once per run, before the tests: a second call would be stopped by apt-get's lock.
 */
export async function installBrowsers(
  machine: Machine = thisMachine,
): Promise<Record<Engine, Availability>> {
  const missing = engines.filter((engine) => machine.find(engine) === undefined)
  const failures = missing.length > 0 ? await installMissing(missing, machine) : new Map()
  const check = (engine: Engine): Availability => {
    const path = machine.find(engine)
    return path === undefined ? { reason: failures.get(engine) } : { path }
  }
  return { chromium: check("chromium"), firefox: check("firefox"), webkit: check("webkit") }
}

async function installMissing(
  missing: readonly Engine[],
  machine: Machine,
): Promise<Map<Engine, string>> {
  const failures = new Map<Engine, string>()
  if (!machine.hasAptGet || !machine.isRoot) {
    const why = machine.hasAptGet ? "this is not root" : "there is no apt-get here"
    for (const engine of missing) {
      const names = machine.packagesFor(engine).join(" ")
      failures.set(engine, `not found, and ${why}: install ${names}, or what it is called here`)
    }
    return failures
  }

  // Old lists may suffice, so a failed update is only reported if the installation fails as well.
  const update = await withRetries(machine, ["update"])
  for (const engine of missing) {
    const names = machine.packagesFor(engine)
    const install = await withRetries(machine, installArguments(names))
    const errors = [update, install].filter((result) => result !== "").join("; ")
    const nothing = `installed ${names.join(" ")}, but still found no browser`
    failures.set(engine, install === "" ? nothing : errors)
  }
  return failures
}

export function installArguments(packages: readonly string[]): string[] {
  return ["install", "-y", "--no-install-recommends", ...packages]
}

/** Returns an empty text if an attempt succeeds, or else the error of the last one. */
async function withRetries(machine: Machine, command: readonly string[]): Promise<string> {
  let error = ""
  for (const waitMs of [0, 3_000, 15_000]) {
    await machine.pause(waitMs)
    const result = await machine.aptGet(command)
    if (result.ok) return ""
    error = `apt-get ${command.join(" ")}: ${result.output.trim().slice(-500)}`
  }
  return error
}
