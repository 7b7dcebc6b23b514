import { consecutiveFailures, type FetchSettings } from "../../src/index.ts"

/** The settings of clients with real traffic: they open soon, and for a short time. */
export const settings: FetchSettings = {
  ...consecutiveFailures(5),
  timeout: 500,
  callTimeout: 1_000,
  retryAfter: { max: 1_000 },
}
