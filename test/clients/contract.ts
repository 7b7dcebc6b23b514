/**
 * What holds for every HTTP client on a wrapped fetch: one set of cases, run for each of them.
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
  /** What a call comes to when all is well. */
  readonly answer: unknown
  /** What the client calls its fetch with. */
  readonly input: "string" | "URL" | "Request"
  /** What it calls its fetch on, if on anything. */
  readonly self?: object
  /** The client as it comes. */
  readonly plain: Connect
  /** With the setting that keeps it from retrying rejected calls. Without one: it never does. */
  readonly calm?: Connect
  /** What it does about a rejected call without that setting. */
  readonly retries?: Retries
  /** With a setting that keeps it from retrying a 503 too, which it may take a rejection for. */
  readonly calmAtAny503?: Connect
  /** Without that one it waits as `Retry-After` says and tries again. */
  readonly obeysRetryAfter?: boolean
  /** With a short time limit of its own. */
  readonly impatient: Connect
  /** Whether that limit aborts the call with a `TimeoutError`. */
  readonly saysTimeout: boolean
  /** Expects that this is what a user sees of a rejected call. */
  readonly expectRejection: (outcome: Outcome, origin: string) => void
  /** Expects that this is what a user sees of the 503 of `rejectWith: "response"`. */
  readonly expectUnavailable: (outcome: Outcome, message: string) => void
}

export interface Retries {
  /** How often the client calls its fetch for one call of its user. */
  readonly calls: number
  /** Milliseconds that it waits in all: at least, at most. */
  readonly wait: readonly [number, number]
}

/** Milliseconds that may pass before an impatient client gives up. */
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
    test("brings back what the origin answers", async () => {
      await using rig = await startRig(site)
      expect(await rig.call(plain)).toEqual(wellAnswered)
      expect(rig.site.requests).toBe(1)
      expect(rig.breaker?.state).toBe("closed")
      expect(rig.breaker?.counts).toMatchObject({ requests: 1, totalSuccesses: 1 })
    })

    test(`calls it with a ${input}, on ${itself}, and fetch is called on nothing`, async () => {
      await using rig = await startRig(site)
      await rig.call(plain)
      expect(rig.asked).toHaveLength(1)
      const [asked] = rig.asked
      expect(kindOf(asked?.input)).toBe(input)
      if (self) expect(asked?.self).toMatchObject(self)
      else expect(asked?.self).toBeUndefined()
      // A browser's fetch cannot be called on any object but its window.
      expect(rig.sent).toHaveLength(1)
      expect(rig.sent[0]?.self).toBeUndefined()
      expect(rig.sent[0]?.input).toBe(asked?.input)
    })

    test.each([500, 503])("opens the breaker of an origin that answers %i", async (status) => {
      await using rig = await startRig(site)
      rig.site.status = status
      while (rig.breaker?.state !== "open") await rig.call(calm)
      // Whatever the client itself retries, the origin gets no more than that.
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

    test("asks once while the breaker is open, makes no request, shows the rejection", async () => {
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
      test(`asks ${calls} times unless told not to, and makes no request either`, async () => {
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

    test("gets through once the breaker is closed again", async () => {
      await using rig = await startRig(site)
      await rig.open()
      client.expectRejection(await rig.call(calm), rig.origin)
      rig.breaker?.reset()
      expect(await rig.call(calm)).toEqual(wellAnswered)
      expect(rig.site.requests).toBe(LIMIT + 1)
    })

    test('takes what rejectWith: "response" gives it for a 503 of the origin', async () => {
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
      'with callerTimeout: "%s", a call that it ends by its own time limit is %s',
      async (callerTimeout, verdict) => {
        await using rig = await startRig(hangingSite, { callerTimeout })
        await rig.call(client.impatient)
        const [totalExclusions, totalFailures] = verdict === "a failure" ? [0, 1] : [1, 0]
        // The client need not wait for its fetch once it has given up.
        await vi.waitFor(
          () => expect(rig.breaker?.counts).toMatchObject({ totalExclusions, totalFailures }),
          { interval: 1 },
        )
      },
    )

    test("opens the breaker of an origin that hangs by callTimeout", async () => {
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
