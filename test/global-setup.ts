import { installBrowsers } from "./browsers/install.ts"

/** Installs missing browsers before the first test needs one, and warns about those that cannot be installed. */
export default async function setup(): Promise<void> {
  for (const [engine, { reason }] of Object.entries(await installBrowsers())) {
    if (reason) console.warn(`no ${engine}: ${reason}`)
  }
}
