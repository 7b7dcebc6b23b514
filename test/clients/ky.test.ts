import ky, { HTTPError } from "ky"
import { describe, expect, test } from "vitest"
import { findCircuitBreakerError, OpenStateError } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { LIMIT, reasonOf, startRig } from "./rig.ts"
import { faultSite } from "./site.ts"

testClient({
  name: "ky",
  site: faultSite,
  answer: { ok: true },
  input: "Request",
  self: { method: "GET", retry: { limit: 2 } },
  plain: (fetch, url) => {
    const client = ky.create({ fetch })
    return () => client(url).json()
  },
  calm: (fetch, url) => {
    const client = ky.create({
      fetch,
      retry: {
        shouldRetry: ({ error }) => (findCircuitBreakerError(error) ? false : undefined),
        delay: () => 0,
      },
    })
    return () => client(url).json()
  },
  // 300 and 600 ms.
  retries: { calls: 3, wait: [900, 900] },
  calmAtAny503: (fetch, url) => {
    const client = ky.create({ fetch, retry: 0 })
    return () => client(url).json()
  },
  obeysRetryAfter: true,
  impatient: (fetch, url) => {
    const client = ky.create({ fetch, timeout: PATIENCE })
    return () => client(url).json()
  },
  saysTimeout: false,
  expectRejection(outcome, origin) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(OpenStateError)
    expect(reason.message).toBe(messageFor(origin))
    expect(findCircuitBreakerError(reason)).toBe(reason)
  },
  expectUnavailable(outcome) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(HTTPError)
    expect(reason.response.status).toBe(503)
    expect(findCircuitBreakerError(reason)).toBeUndefined()
  },
})

describe("ky", () => {
  test("does not retry a rejected POST, since it never retries a POST", async () => {
    await using rig = await startRig(faultSite)
    await rig.open()
    const outcome = await rig.call((fetch, url) => () => ky.post(url, { fetch, json: {} }))
    expect(reasonOf(outcome)).toBeInstanceOf(OpenStateError)
    expect(rig.asked).toHaveLength(1)
    expect(rig.site.requests).toBe(LIMIT)
  })
})
