import type { Browser, Tab } from "./browser.ts"

type Skip = (condition: boolean, reason: string) => void

/** Takes a tab offline. Skips the test if the engine's version does not support that: Firefox does only after release 140. */
export async function goOffline(tab: Tab, { engine, version }: Browser, skip: Skip): Promise<void> {
  const known = await tab.setOffline!(true).then(
    () => true,
    (error: unknown) => {
      if (String(error).includes("unknown command")) return false
      throw error
    },
  )
  skip(!known, `${engine} ${version} cannot be taken offline`)
}
