import type { Browser, LaunchOptions } from "./browser.ts"
import { launchChromium } from "./chromium.ts"
import { withDeadline } from "./deadline.ts"
import type { Engine } from "./engine.ts"
import { findBrowser, findWebKit } from "./find-browser.ts"
import { launchFirefox } from "./firefox.ts"
import { createProfile } from "./profile.ts"
import type { Profile } from "./profile.ts"
import { launchWebKit } from "./webkit.ts"

const launchLimitMs = 45_000

/**
 * Starts a browser with a fresh profile; `close` it when done. If this process ends first, however
 * it ends, the browser and the profile go too.
 *
 * A start that fails or takes longer than 45 s is tried once more.
 */
export async function launch(engine: Engine, options: LaunchOptions = {}): Promise<Browser> {
  if (findBrowser(engine) === undefined) throw new Error(`Cannot find a browser for "${engine}"`)
  try {
    return await attempt(engine, options)
  } catch {
    return attempt(engine, options)
  }
}

async function attempt(engine: Engine, options: LaunchOptions): Promise<Browser> {
  const profile = createProfile(engine)
  try {
    return await withDeadline(start(engine, profile, options), launchLimitMs, `Starting ${engine}`)
  } catch (error) {
    await profile.dispose()
    throw error
  }
}

function start(engine: Engine, profile: Profile, options: LaunchOptions): Promise<Browser> {
  const path = findBrowser(engine) ?? engine
  switch (engine) {
    case "chromium":
      return launchChromium(path, profile, options)
    case "firefox":
      return launchFirefox(path, profile, options)
    case "webkit":
      return launchWebKit(requireWebKit(), profile)
  }
}

function requireWebKit(): NonNullable<ReturnType<typeof findWebKit>> {
  const programs = findWebKit()
  if (!programs) throw new Error("Cannot find MiniBrowser, WebKitWebDriver and Xvfb")
  return programs
}
