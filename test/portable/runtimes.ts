import type { BrowserName, RuntimeName } from "../runtimes/suite.ts"

const NO_PAGE = "is for pages"

/** For {@link Case.skip}: skips cases that need a page, for example for CORS. */
export const browsersOnly: Partial<Record<RuntimeName, string>> = {
  node: NO_PAGE,
  deno: NO_PAGE,
  bun: NO_PAGE,
  workerd: NO_PAGE,
  "workerd-newest": NO_PAGE,
}

const browsers: readonly RuntimeName[] = ["chromium", "firefox", "webkit"] satisfies BrowserName[]

export function isBrowser(runtime: RuntimeName): runtime is BrowserName {
  return browsers.includes(runtime)
}
