import { ClientError, GraphQLClient } from "graphql-request"
import { expect } from "vitest"
import { findCircuitBreakerError, OpenStateError } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { reasonOf } from "./rig.ts"
import { jsonSite } from "./site.ts"

testClient({
  name: "graphql-request",
  site: () => jsonSite({ data: { items: ["a", "b"] } }),
  answer: { items: ["a", "b"] },
  input: "URL",
  plain: (fetch, url) => {
    const client = new GraphQLClient(url, { fetch })
    return () => client.request("{ items }")
  },
  // It has no time limit of its own.
  impatient: (fetch, url) => {
    const client = new GraphQLClient(url, { fetch })
    return () => client.request({ document: "{ items }", signal: AbortSignal.timeout(PATIENCE) })
  },
  saysTimeout: true,
  expectRejection(outcome, origin) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(OpenStateError)
    expect(reason.message).toBe(messageFor(origin))
    expect(findCircuitBreakerError(reason)).toBe(reason)
  },
  expectUnavailable(outcome, message) {
    expect(reasonOf(outcome)).toBeInstanceOf(ClientError)
    expect(reasonOf(outcome).response).toMatchObject({ status: 503, body: message })
  },
})
