/**
 * Listeners and callbacks that throw. They are a suite of their own: if such an error were not caught, some
 * runtimes would end the process, and the results of all other cases would be lost.
 */
import { consecutiveFailures, OpenStateError, wrapFetch } from "../../src/index.ts"
import type { Case } from "../runtimes/suite.ts"
import { outcomes } from "./outcomes.ts"
import { pause } from "./pause.ts"
import { target } from "./target.ts"

const fail = (): never => {
  throw new RangeError("thrown on purpose")
}

export const cases: Case[] = [
  {
    name: "a listener that throws changes neither result nor state, and does not end the process",
    async run(t) {
      const fetch = wrapFetch(undefined, consecutiveFailures(2))
      await fetch(target(t, "/ok").url)
      const breaker = fetch.breakers.get(t.origin)
      for (const type of ["success", "failure", "rejected", "statechange"] as const) {
        breaker?.addEventListener(type, fail)
      }
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      t.equal((await fetch(target(t, "/status/503").url)).status, 503)
      outcomes(t, fetch, { successes: 2, failures: 1 })
      t.equal((await fetch(target(t, "/status/503").url)).status, 503)
      t.equal(breaker?.state, "open")
      await t.rejects(fetch(target(t, "/ok").url), { code: "ERR_OPEN_STATE" })
      await pause(20)
    },
  },
  {
    name: "the default applies instead of a callback that throws, and the process does not end",
    async run(t) {
      const fetch = wrapFetch(undefined, {
        key: fail,
        perKey: fail,
        isExcluded: fail,
        isSuccessful: fail,
        readyToTrip: fail,
        onStateChange: fail,
      })
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      outcomes(t, fetch, { successes: 1 })
      await pause(20)
    },
  },
  {
    name: "a fallback that throws or rejects does not change the result of a call, and does not end the process",
    async run(t) {
      for (const fallback of [fail, async () => fail()]) {
        const fetch = wrapFetch(undefined, { fallback })
        t.ok(!((await t.rejects(fetch(`${t.refused}/`))) instanceof RangeError))
        fetch.breakers.get(t.refused)?.trip()
        t.ok((await t.rejects(fetch(`${t.refused}/`))) instanceof OpenStateError)
      }
      await pause(20)
    },
  },
]
