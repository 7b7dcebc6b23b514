import type { Engine } from "./engine.ts"

/** One running browser with one fresh profile, shared by all its tabs. */
export interface Browser {
  readonly engine: Engine
  readonly version: string

  /** Opens a tab in front of the others, and waits for `url` to load when one is given. */
  newTab(url?: string): Promise<Tab>

  /** Ids of all live processes of this browser, helpers included; empty where there is no /proc. */
  processIds(): number[]

  /** Ends every process of this browser and deletes its profile. May be called twice. */
  close(): Promise<void>
}

/**
 * One tab. Methods that only some engines can offer are optional, so that a test finds out by
 * presence: `test.skipIf(tab.freeze === undefined)` or `await tab.freeze?.()`.
 */
export interface Tab {
  /** Console errors and uncaught errors of the page, oldest first. Always empty in WebKitGTK. */
  readonly consoleErrors: readonly string[]

  /** Loads `url` and waits for its load event. Rejects when nothing answers there. */
  goto(url: string): Promise<void>
  reload(): Promise<void>

  /** Calls `history.back()` and waits for the page there, restored or loaded anew. */
  back(): Promise<void>

  /** Sets `location.href` in the page, as a link would, and returns without waiting. */
  navigateByScript(url: string): Promise<void>

  /**
   * Runs a function, or an expression, in the page and returns its awaited result. Arguments and
   * result travel as JSON.
   *
   * The driver polls for the result, so a call that stays pending in one tab never holds up
   * another. Chromium answers nothing between the start of a navigation and its first byte.
   * Rejects with a `PageError` when the page throws, and with another error when the page is left
   * before the result is there, or after 30 s. Functions are sent as text: they see their arguments
   * and nothing else.
   */
  evaluate<T>(source: string, ...args: unknown[]): Promise<T>
  evaluate<T, A extends unknown[]>(
    source: (...args: A) => T | Promise<T>,
    ...args: A
  ): Promise<T>

  /**
   * Polls from the driver until `predicate` is truthy and returns that value. An error in the page
   * counts as "not yet", so the wait may span a navigation.
   *
   * @param timeoutMs - 10 000 by default.
   */
  waitFor<T>(predicate: string | (() => T | Promise<T>), timeoutMs?: number): Promise<T>

  /** Writes a PNG. Brings the tab to the front where the engine cannot paint it otherwise. */
  screenshot(path: string): Promise<void>

  /** Closes the tab without asking its `beforeunload` handlers. */
  close(): Promise<void>

  /** Makes this the visible tab, and its siblings hidden. Missing in WebKitGTK: all are visible. */
  bringToFront?(): Promise<void>

  /** Chromium only: kills the renderer. Siblings live on; the tab can only be closed afterwards. */
  crash?(): Promise<void>

  /** Chromium only: hides and freezes the page, as energy saving does. `evaluate` still works. */
  freeze?(): Promise<void>
  resume?(): Promise<void>

  /** Chromium only: bytes in use on the page's JavaScript heap, once garbage is collected. */
  usedHeap?(): Promise<number>

  /** Cuts this tab, not its siblings, from the network. Missing in WebKitGTK. */
  setOffline?(offline: boolean): Promise<void>
}

export interface LaunchOptions {
  /**
   * Lets the engine slow down timers of hidden tabs to one a second, as users get it.
   *
   * @defaultValue `false`, so that tests with several tabs do not crawl
   */
  readonly throttleHiddenTabs?: boolean
}
