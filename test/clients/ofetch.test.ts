import { createFetch, FetchError } from "ofetch"
import { describe, expect, test } from "vitest"
import { findCircuitBreakerError, OpenStateError } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { LIMIT, reasonOf, startRig, type Connect } from "./rig.ts"
import { faultSite } from "./site.ts"

const plain: Connect = (fetch, url) => {
  const ofetch = createFetch({ fetch })
  return () => ofetch(url)
}

const withoutRetries: Connect = (fetch, url) => {
  const ofetch = createFetch({ fetch, defaults: { retry: false } })
  return () => ofetch(url)
}

testClient({
  name: "ofetch",
  site: faultSite,
  answer: { ok: true },
  input: "string",
  plain,
  calm: (fetch, url) => {
    const ofetch = createFetch({
      fetch,
      defaults: {
        onRequestError: ({ error, options }) => {
          if (findCircuitBreakerError(error)) options.retry = false
        },
      },
    })
    return () => ofetch(url)
  },
  retries: { calls: 2, wait: [0, 0] },
  calmAtAny503: withoutRetries,
  impatient: (fetch, url) => {
    const ofetch = createFetch({ fetch, defaults: { timeout: PATIENCE, retry: false } })
    return () => ofetch(url)
  },
  saysTimeout: true,
  expectRejection(outcome, origin) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(FetchError)
    expect(reason.message).toBe(`[GET] "${origin}/api": <no response> ${messageFor(origin)}`)
    expect(reason.status).toBeUndefined()
    expect(reason.cause).toBeInstanceOf(OpenStateError)
    expect(findCircuitBreakerError(reason)).toBe(reason.cause)
  },
  expectUnavailable(outcome, message) {
    expect(reasonOf(outcome)).toBeInstanceOf(FetchError)
    expect(reasonOf(outcome)).toMatchObject({ status: 503, data: message })
  },
})

describe("ofetch", () => {
  test("calls fetch once with retry: false, which also disables its retries of failures", async () => {
    await using rig = await startRig(faultSite)
    await rig.open()
    await rig.call(withoutRetries)
    expect(rig.asked).toHaveLength(1)
    rig.breaker?.reset()
    rig.site.status = 503
    await rig.call(withoutRetries)
    expect(rig.site.requests).toBe(LIMIT + 1)
  })

  test("does not retry a rejected POST, since it never retries a POST", async () => {
    await using rig = await startRig(faultSite)
    await rig.open()
    await rig.call((fetch, url) => () => createFetch({ fetch })(url, { method: "POST", body: {} }))
    expect(rig.asked).toHaveLength(1)
  })

  test('retries the 503 of rejectWith: "response" at once, despite its Retry-After', async () => {
    await using rig = await startRig(faultSite, { rejectWith: "response" })
    await rig.open()
    expect(reasonOf(await rig.call(plain))).toMatchObject({ status: 503 })
    expect(rig.asked).toHaveLength(2)
    expect(rig.site.requests).toBe(LIMIT)
  })
})
