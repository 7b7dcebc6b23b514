/** How `Retry-After` lengthens the open period. */
import { consecutiveFailures, wrapFetch, type FetchSettings } from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { manualClock } from "../manual-clock.ts"
import { pause } from "../pause.ts"
import { isBrowser } from "../runtimes.ts"
import { target } from "../target.ts"

const TIMEOUT = 1_000

/** The milliseconds for which a response opens the breaker. */
async function openFor(
  t: Context,
  path: string,
  settings: FetchSettings = {},
  origin: string = t.origin,
): Promise<number> {
  const fetch = wrapFetch(undefined, {
    ...consecutiveFailures(1),
    timeout: TIMEOUT,
    retryAfter: { jitter: 0 },
    clock: manualClock(),
    ...settings,
  })
  await fetch(target(t, path, origin).url)
  return fetch.breakers.get(origin)?.retryAfter ?? NaN
}

// Neither a date nor the Date header that it is compared with has fractions of a second. Where that header
// cannot be read, the time of the transfer is lost.
const dated = [2_000, 7_000] as const

export const cases: Case[] = [
  ...[503, 429].flatMap((status): Case[] => [
    {
      name: `Retry-After of a ${status} in seconds lengthens the open period`,
      async run(t) {
        t.equal(await openFor(t, `/status/${status}?retry-after=7`), 7_000)
      },
    },
    {
      name: `Retry-After of a ${status} as a date lengthens the open period`,
      async run(t) {
        t.between(await openFor(t, `/status/${status}?retry-after=date:%2B5`), ...dated)
      },
    },
    {
      name: `Retry-After of a ${status} never shortens the open period`,
      async run(t) {
        const settings = { timeout: 30_000 }
        t.equal(await openFor(t, `/status/${status}?retry-after=7`, settings), 30_000)
        t.equal(await openFor(t, `/status/${status}?retry-after=0`, settings), 30_000)
        t.equal(await openFor(t, `/status/${status}?retry-after=date:-5`, settings), 30_000)
      },
    },
  ]),
  {
    name: "Retry-After is capped by max, in both forms",
    async run(t) {
      const settings = { retryAfter: { max: 3_000, jitter: 0 } }
      t.equal(await openFor(t, "/status/503?retry-after=7", settings), 3_000)
      t.equal(await openFor(t, "/status/503?retry-after=date:%2B50", settings), 3_000)
      t.equal(await openFor(t, "/status/503?retry-after=999999999"), 300_000)
    },
  },
  {
    name: "Retry-After is jittered upwards only",
    async run(t) {
      const settings = { retryAfter: { jitter: 0.5 } }
      t.between(await openFor(t, "/status/503?retry-after=8", settings), 8_000, 12_000)
      t.between(await openFor(t, "/status/503?retry-after=8", { retryAfter: {} }), 8_000, 10_000)
    },
  },
  {
    name: "Retry-After is used across origins when it is exposed",
    async run(t) {
      const path = "/status/503?expose=1&retry-after="
      t.equal(await openFor(t, `${path}7`, {}, t.otherOrigin), 7_000)
      t.between(await openFor(t, `${path}date:%2B5`, {}, t.otherOrigin), ...dated)
    },
  },
  {
    name: "Retry-After that is not exposed cannot be read across origins",
    async run(t) {
      const length = await openFor(t, "/status/503?retry-after=7", {}, t.otherOrigin)
      // Only browsers hide it.
      t.equal(length, isBrowser(t.runtime) ? TIMEOUT : 7_000)
    },
  },
  {
    name: "Retry-After is ignored with retryAfter: false, on other statuses, and when it is invalid",
    async run(t) {
      t.equal(await openFor(t, "/status/503?retry-after=7", { retryAfter: false }), TIMEOUT)
      t.equal(await openFor(t, "/status/500?retry-after=7"), TIMEOUT)
      t.equal(await openFor(t, "/status/503?retry-after=soon"), TIMEOUT)
      t.equal(await openFor(t, "/status/503?retry-after=1.5"), TIMEOUT)
      t.equal(await openFor(t, "/status/503?retry-after="), TIMEOUT)
      t.equal(await openFor(t, "/status/503"), TIMEOUT)
    },
  },
  {
    name: "timeout as a function gets Retry-After",
    async run(t) {
      const told: (number | undefined)[] = []
      const timeout: FetchSettings["timeout"] = ({ retryAfter }) => {
        told.push(retryAfter)
        return 2 * (retryAfter ?? 0)
      }
      t.equal(await openFor(t, "/status/503?retry-after=7", { timeout }), 14_000)
      t.deepEqual(told, [7_000])
    },
  },
  {
    name: "Retry-After is used when bodies count",
    async run(t) {
      const fetch = wrapFetch(undefined, {
        ...consecutiveFailures(1),
        timeout: TIMEOUT,
        retryAfter: { jitter: 0 },
        settleOn: "body",
        clock: manualClock(),
      })
      await (await fetch(target(t, "/status/503?retry-after=7").url)).text()
      await pause()
      t.equal(fetch.breakers.get(t.origin)?.retryAfter, 7_000)
    },
  },
]
