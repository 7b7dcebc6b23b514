import createClient from "openapi-fetch"
import { expect } from "vitest"
import { findCircuitBreakerError, OpenStateError } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { reasonOf, valueOf } from "./rig.ts"
import { faultSite } from "./site.ts"

/** The types as openapi-typescript generates them. */
interface Paths {
  "/items": {
    get: { responses: { 200: { content: { "application/json": { ok: boolean } } } } }
  }
}

testClient({
  name: "openapi-fetch",
  site: faultSite,
  answer: expect.objectContaining({ data: { ok: true } }),
  input: "Request",
  plain: (fetch, baseUrl) => {
    const client = createClient<Paths>({ baseUrl, fetch })
    return () => client.GET("/items")
  },
  // It has no time limit of its own.
  impatient: (fetch, baseUrl) => {
    const client = createClient<Paths>({ baseUrl, fetch })
    return () => client.GET("/items", { signal: AbortSignal.timeout(PATIENCE) })
  },
  saysTimeout: true,
  expectRejection(outcome, origin) {
    // The rejection is thrown, although this client returns an answer of status 500 as `{ error }`.
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(OpenStateError)
    expect(reason.message).toBe(messageFor(origin))
    expect(findCircuitBreakerError(reason)).toBe(reason)
  },
  expectUnavailable(outcome, message) {
    const value = valueOf(outcome)
    expect(value).toEqual({ error: message, response: expect.any(Response) })
    expect(value.response.status).toBe(503)
  },
})
