/** Calls that are aborted by their caller. */
import { wrapFetch, type FetchSettings } from "../../../src/index.ts"
import type { Case, Context } from "../../runtimes/suite.ts"
import { manualClock } from "../manual-clock.ts"
import { outcomes } from "../outcomes.ts"
import { recorder } from "../recorder.ts"
import { target } from "../target.ts"

const TIME_LIMITS: readonly [string, FetchSettings][] = [
  ["", {}],
  [", with callTimeout", { callTimeout: 60_000 }],
]

const REASONS: readonly [string, unknown][] = [
  ["the default", undefined],
  ["an error", new RangeError("enough")],
  ["a string", "enough"],
  ["null", null],
  ["0", 0],
  ["an empty string", ""],
]

/** Aborts a call under way with `abort`, and returns the reason with which it rejected. */
async function abortUnderWay(
  t: Context,
  settings: FetchSettings,
  call: (fetch: ReturnType<typeof wrapFetch>, url: string) => Promise<Response>,
  abort: () => void,
): Promise<unknown> {
  const fetch = wrapFetch(undefined, settings)
  const { url, arrival } = target(t, "/hang")
  const rejected = t.rejects(call(fetch, url))
  await arrival()
  outcomes(t, fetch, { pending: 1 })
  abort()
  const error = await rejected
  outcomes(t, fetch, { exclusions: 1 })
  return error
}

export const cases: Case[] = [
  ...REASONS.map(([what, reason]): Case => ({
    name: `a call aborted before it began is not made: the reason is ${what}`,
    async run(t) {
      const fetch = wrapFetch()
      const { url, hits } = target(t, "/ok")
      const signal = AbortSignal.abort(reason)
      const error = await t.rejects(fetch(url, { signal }))
      t.equal(error, signal.reason)
      if (reason === undefined) t.equal((error as Error).name, "AbortError")
      else t.equal(error, reason)
      outcomes(t, fetch, {})
      t.equal(await hits(), 0)
    },
  })),
  {
    name: "a call aborted before it began gets its reason from an open breaker too",
    async run(t) {
      const fetch = wrapFetch(undefined, { readyToTrip: () => true })
      await fetch(target(t, "/status/503").url)
      const signal = AbortSignal.abort("mine")
      t.equal(await t.rejects(fetch(`${t.origin}/ok`, { signal })), "mine")
    },
  },
  ...TIME_LIMITS.flatMap(([limit, settings]) =>
    REASONS.map(([what, reason]): Case => ({
      name: `a call aborted under way is excluded: the reason is ${what}${limit}`,
      async run(t) {
        const controller = new AbortController()
        const { signal } = controller
        const error = await abortUnderWay(
          t,
          settings,
          (fetch, url) => fetch(url, { signal }),
          () => controller.abort(reason),
        )
        t.equal(error, signal.reason)
        if (reason !== undefined) t.equal(error, reason)
        else t.equal((error as Error).name, "AbortError")
      },
    })),
  ),
  ...TIME_LIMITS.flatMap(([limit, settings]) => [
    {
      name: `AbortSignal.timeout() is excluded${limit}`,
      async run(t: Context) {
        const fetch = wrapFetch(undefined, settings)
        const signal = AbortSignal.timeout(500)
        const { url, hits } = target(t, "/hang")
        const error = await t.rejects(fetch(url, { signal }), { name: "TimeoutError" })
        t.equal(error, signal.reason)
        outcomes(t, fetch, { exclusions: 1 })
        t.equal(await hits(), 1)
      },
    },
    {
      name: `AbortSignal.timeout() is a failure with callerTimeout: "failure"${limit}`,
      async run(t: Context) {
        const fetch = wrapFetch(undefined, { ...settings, callerTimeout: "failure" })
        const signal = AbortSignal.timeout(500)
        const error = await t.rejects(fetch(target(t, "/hang").url, { signal }))
        t.equal(error, signal.reason)
        outcomes(t, fetch, { failures: 1 })
      },
    },
    {
      name: `abort() is excluded with callerTimeout: "failure" too${limit}`,
      async run(t: Context) {
        const controller = new AbortController()
        await abortUnderWay(
          t,
          { ...settings, callerTimeout: "failure" },
          (fetch, url) => fetch(url, { signal: controller.signal }),
          () => controller.abort(),
        )
      },
    },
    {
      name: `an abort after the headers ends the body of a call that has counted${limit}`,
      async run(t: Context) {
        const fetch = wrapFetch(undefined, settings)
        const controller = new AbortController()
        // Firefox reports no response until its body has begun.
        const { url } = target(t, "/hang-body?body=begun")
        const response = await fetch(url, { signal: controller.signal })
        outcomes(t, fetch, { successes: 1 })
        const rejected = t.rejects(response.text())
        controller.abort(new RangeError("enough"))
        await rejected
        outcomes(t, fetch, { successes: 1 })
      },
    },
    {
      name: `an abort after the body changes nothing${limit}`,
      async run(t: Context) {
        const fetch = wrapFetch(undefined, settings)
        const controller = new AbortController()
        const response = await fetch(target(t, "/ok").url, { signal: controller.signal })
        t.deepEqual(await response.json(), { ok: true })
        controller.abort()
        outcomes(t, fetch, { successes: 1 })
      },
    },
    {
      name: `the signal of a Request aborts it${limit}`,
      async run(t: Context) {
        const controller = new AbortController()
        const reason = new RangeError("enough")
        const error = await abortUnderWay(
          t,
          settings,
          (fetch, url) => fetch(new Request(url, { signal: controller.signal })),
          () => controller.abort(reason),
        )
        t.equal(error, reason)
      },
    },
    {
      name: `a Request that is already aborted is not sent${limit}`,
      async run(t: Context) {
        const fetch = wrapFetch(undefined, settings)
        const { url, hits } = target(t, "/ok")
        const reason = new RangeError("enough")
        const request = new Request(url, { signal: AbortSignal.abort(reason) })
        t.equal(await t.rejects(fetch(request)), reason)
        outcomes(t, fetch, {})
        t.equal(await hits(), 0)
      },
    },
    {
      name: `init.signal replaces the signal of a Request${limit}`,
      async run(t: Context) {
        const ignored = new AbortController()
        const controller = new AbortController()
        const error = await abortUnderWay(
          t,
          settings,
          (fetch, url) => {
            const request = new Request(url, { signal: ignored.signal })
            return fetch(request, { signal: controller.signal })
          },
          () => {
            ignored.abort("ignored")
            controller.abort("heeded")
          },
        )
        t.equal(error, "heeded")
      },
    },
    {
      name: `init.signal replaces the aborted signal of a Request${limit}`,
      async run(t: Context) {
        const fetch = wrapFetch(undefined, settings)
        const request = new Request(target(t, "/ok").url, { signal: AbortSignal.abort() })
        const { signal } = new AbortController()
        t.equal((await fetch(request, { signal })).status, 200)
        t.equal((await fetch(request, { signal: null })).status, 200)
        outcomes(t, fetch, { successes: 2 })
      },
    },
    {
      name: `init without a signal keeps the signal of a Request${limit}`,
      async run(t: Context) {
        const controller = new AbortController()
        const error = await abortUnderWay(
          t,
          settings,
          (fetch, url) => {
            const request = new Request(url, { signal: controller.signal })
            // Many callers that pass an optional signal on do this.
            return fetch(request, { signal: undefined as unknown as null })
          },
          () => controller.abort("heeded"),
        )
        t.equal(error, "heeded")
      },
    },
  ]),
  {
    name: "without a signal and a time limit, fetch gets the arguments of the caller unchanged",
    async run(t) {
      const { fetch: own, calls } = recorder()
      const fetch = wrapFetch(own)
      const { url } = target(t, "/ok")
      const init = { method: "POST" }
      await fetch(url, init)
      await fetch(url)
      t.deepEqual(calls, [
        { input: url, init },
        { input: url, init: undefined },
      ])
      t.equal(calls[0]?.init, init)
    },
  },
  {
    name: "a caller's abort gives a half-open slot back",
    async run(t) {
      const clock = manualClock()
      const fetch = wrapFetch(undefined, { readyToTrip: () => true, timeout: 100, clock })
      await fetch(target(t, "/status/503").url)
      clock.time += 101
      const controller = new AbortController()
      const { url, arrival } = target(t, "/hang")
      const probe = t.rejects(fetch(url, { signal: controller.signal }))
      await arrival()
      await t.rejects(fetch(`${t.origin}/ok`), { code: "ERR_TOO_MANY_REQUESTS" })
      controller.abort()
      await probe
      t.equal((await fetch(target(t, "/ok").url)).status, 200)
      t.equal(fetch.breakers.get(t.origin)?.state, "closed")
    },
  },
  {
    name: "many simultaneous calls may share a signal",
    async run(t) {
      const fetch = wrapFetch()
      const controller = new AbortController()
      const places = Array.from({ length: 4 }, () => target(t, "/hang"))
      const calls = places.map(({ url }) => t.rejects(fetch(url, { signal: controller.signal })))
      for (const { arrival } of places) await arrival()
      controller.abort("all of you")
      t.deepEqual(await Promise.all(calls), Array(4).fill("all of you"))
      outcomes(t, fetch, { exclusions: 4 })
    },
  },
]
