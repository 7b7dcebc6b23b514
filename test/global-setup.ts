import { installBrowsers } from "./browsers/install.ts"

/** Sees to the browsers before the first test asks for one, and says which engine there is none of. */
export default async function setup(): Promise<void> {
  for (const [engine, { reason }] of Object.entries(await installBrowsers())) {
    if (reason) console.warn(`no ${engine}: ${reason}`)
  }
}
