import { consecutiveFailures, type FetchSettings } from "../../src/index.ts"

/** Of clients with real traffic: open soon, and not for long. */
export const settings: FetchSettings = {
  ...consecutiveFailures(5),
  timeout: 500,
  callTimeout: 1_000,
  retryAfter: { max: 1_000 },
}
