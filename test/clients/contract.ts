/**
 * What holds for every HTTP client on a wrapped fetch: one set of cases that runs for each client.
 *
 * @module
 */
import { describe, expect, test, vi } from "vitest"
import { OpenStateError } from "../../src/index.ts"
import { LIMIT, startRig, type Connect, type Outcome } from "./rig.ts"
import { hangingSite, type Site } from "./site.ts"
import { skipWaits } from "./skip-waits.ts"

export interface Client {
  readonly name: string
  readonly site: () => Promise<Site>
  /** The result of a successful call. */
  readonly answer: unknown
  /** The kind of the first argument with which the client calls its fetch. */
  readonly input: "string" | "URL" | "Request"
  /** The `this` with which it calls its fetch, if any. */
  readonly self?: object
  /** The client with its default settings. */
  readonly plain: Connect
  /** With the setting that keeps it from retrying rejected calls. Missing if it never retries them. */
  readonly calm?: Connect
  /** Its retries of a rejected call without that setting. */
  readonly retries?: Retries
  /** With a setting that also keeps it from retrying a 503, since a rejection may look like one. */
  readonly calmAtAny503?: Connect
  /** Whether, without that setting, it waits as `Retry-After` says and tries again. */
  readonly obeysRetryAfter?: boolean
  /** With a short time limit of its own. */
  readonly impatient: Connect
  /** Whether that limit aborts the call with a `TimeoutError`. */
  readonly saysTimeout: boolean
  /** Expects the outcome that a user sees of a rejected call. */
  readonly expectRejection: (outcome: Outcome, origin: string) => void
  /** Expects the outcome that a user sees of the 503 of `rejectWith: "response"`. */
  readonly expectUnavailable: (outcome: Outcome, message: string) => void
}

export interface Retries {
  /** How often the client calls its fetch for one call of its user. */
  readonly calls: number
  /** Milliseconds that it waits in total: the minimum and the maximum. */
  readonly wait: readonly [number, number]
}

/** Milliseconds after which an impatient client gives up. */
export const PATIENCE = 20

const MINUTE = 60_000

/** The message of a rejection by the breaker of `origin`. */
export function messageFor(origin: string): string {
  return new OpenStateError({ breaker: origin, state: "open", retryAfter: MINUTE }).message
}

export function testClient(client: Client): void {
  const { site, answer, input, self, plain, calm = plain, calmAtAny503 = plain, retries } = client
  const wellAnswered: Outcome = { status: "fulfilled", value: answer }
  const itself = self ? "an object of its own" : "nothing"

  describe(`${client.name} on a wrapped fetch`, () => {
    test("returns the answer of the origin", async () => {
      await using rig = await startRig(site)
      expect(await rig.call(plain)).toEqual(wellAnswered)
      expect(rig.site.requests).toBe(1)
      expect(rig.breaker?.state).toBe("closed")
      expect(rig.breaker?.counts).toMatchObject({ requests: 1, totalSuccesses: 1 })
    })

    test(`calls it with a ${input}, on ${itself}, and fetch is called without a this`, async () => {
      await using rig = await startRig(site)
      await rig.call(plain)
      expect(rig.asked).toHaveLength(1)
      const [asked] = rig.asked
      expect(kindOf(asked?.input)).toBe(input)
      if (self) expect(asked?.self).toMatchObject(self)
      else expect(asked?.self).toBeUndefined()
      // A browser's fetch can be called on no object but its window.
      expect(rig.sent).toHaveLength(1)
      expect(rig.sent[0]?.self).toBeUndefined()
      expect(rig.sent[0]?.input).toBe(asked?.input)
    })

    test.each([500, 503])("opens the breaker of an origin that answers %i", async (status) => {
      await using rig = await startRig(site)
      rig.site.status = status
      while (rig.breaker?.state !== "open") await rig.call(calm)
      // Even if the client retries, the origin gets no more requests than that.
      expect(rig.site.requests).toBe(LIMIT)
      await rig.call(calm)
      expect(rig.site.requests).toBe(LIMIT)
    })

    test("opens the breaker of an origin that cannot be reached", async () => {
      await using rig = await startRig(site)
      await rig.site[Symbol.asyncDispose]()
      while (rig.breaker?.state !== "open") await rig.call(calm)
      client.expectRejection(await rig.call(calm), rig.origin)
      expect(rig.sent).toHaveLength(LIMIT)
    })

    test("calls fetch once while the breaker is open, makes no request, and shows the rejection", async () => {
      await using rig = await startRig(site)
      await rig.open()
      const { result, waited } = await skipWaits(() => rig.call(calm))
      expect(rig.asked).toHaveLength(1)
      expect(waited).toBe(0)
      expect(rig.site.requests).toBe(LIMIT)
      client.expectRejection(result, rig.origin)
    })

    if (retries) {
      const { calls, wait } = retries
      test(`calls fetch ${calls} times unless told not to, and makes no request either`, async () => {
        await using rig = await startRig(site)
        await rig.open()
        const { result, waited } = await skipWaits(() => rig.call(plain))
        expect(rig.asked).toHaveLength(calls)
        expect(waited).toBeGreaterThanOrEqual(wait[0])
        expect(waited).toBeLessThanOrEqual(wait[1])
        expect(rig.site.requests).toBe(LIMIT)
        client.expectRejection(result, rig.origin)
      })
    }

    test("succeeds once the breaker is closed again", async () => {
      await using rig = await startRig(site)
      await rig.open()
      client.expectRejection(await rig.call(calm), rig.origin)
      rig.breaker?.reset()
      expect(await rig.call(calm)).toEqual(wellAnswered)
      expect(rig.site.requests).toBe(LIMIT + 1)
    })

    test('treats the response of rejectWith: "response" as a 503 of the origin', async () => {
      await using rig = await startRig(site, { rejectWith: "response" })
      await rig.open()
      const { result, waited } = await skipWaits(() => rig.call(calmAtAny503))
      expect(rig.asked).toHaveLength(1)
      expect(waited).toBe(0)
      expect(rig.site.requests).toBe(LIMIT)
      client.expectUnavailable(result, messageFor(rig.origin))
    })

    if (client.obeysRetryAfter) {
      test('waits as the 503 of rejectWith: "response" says, then sends the probe', async () => {
        await using rig = await startRig(site, { rejectWith: "response" })
        await rig.open()
        const { result, waited } = await skipWaits(() => rig.call(plain))
        expect(rig.asked).toHaveLength(2)
        expect(waited).toBe(MINUTE)
        expect(rig.site.requests).toBe(LIMIT + 1)
        expect(result).toEqual(wellAnswered)
        expect(rig.breaker?.state).toBe("closed")
      })
    }

    test.each([
      ["excluded", "an exclusion"],
      ["failure", client.saysTimeout ? "a failure" : "an exclusion"],
    ] as const)(
      'with callerTimeout: "%s", a call that exceeds the time limit of the client is %s',
      async (callerTimeout, verdict) => {
        await using rig = await startRig(hangingSite, { callerTimeout })
        await rig.call(client.impatient)
        const [totalExclusions, totalFailures] = verdict === "a failure" ? [0, 1] : [1, 0]
        // The client may not wait for its fetch after it has given up.
        await vi.waitFor(
          () => expect(rig.breaker?.counts).toMatchObject({ totalExclusions, totalFailures }),
          { interval: 1 },
        )
      },
    )

    test("opens the breaker of a hanging origin after calls that exceed callTimeout", async () => {
      await using rig = await startRig(hangingSite, { callTimeout: PATIENCE })
      while (rig.breaker?.state !== "open") await rig.call(calm)
      expect(rig.sent).toHaveLength(LIMIT)
    })
  })
}

function kindOf(input: unknown): string {
  if (input instanceof Request) return "Request"
  return input instanceof URL ? "URL" : typeof input
}
