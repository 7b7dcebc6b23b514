import type { Browser } from "puppeteer-core"

export interface LogEntry {
  readonly level: string
  readonly text: string | null
  readonly source: { readonly context?: string }
}

/** The WebDriver BiDi connection below a Puppeteer browser, as far as it is used here. */
export interface BidiConnection {
  send(
    method: string,
    parameters: Record<string, unknown>,
  ): Promise<{ readonly result: Readonly<Record<string, unknown>> }>
  on(event: "log.entryAdded", listener: (entry: LogEntry) => void): unknown
  off(event: "log.entryAdded", listener: (entry: LogEntry) => void): unknown
}

/** Puppeteer has this getter, but leaves it out of its published types. */
export function connectionOf(browser: Browser): BidiConnection {
  const { connection } = browser as unknown as { connection?: BidiConnection }
  if (typeof connection?.send !== "function") {
    throw new TypeError("This version of puppeteer-core does not show its BiDi connection")
  }
  return connection
}
