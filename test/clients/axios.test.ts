import axios, { AxiosError } from "axios"
import { describe, expect, test } from "vitest"
import { findCircuitBreakerError, OpenStateError } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { LIMIT, reasonOf, startRig, valueOf, type Connect } from "./rig.ts"
import { faultSite } from "./site.ts"

testClient({
  name: "axios",
  site: faultSite,
  answer: expect.objectContaining({ status: 200, data: { ok: true } }),
  input: "Request",
  plain: (fetch, baseURL) => {
    const client = axios.create({ baseURL, adapter: "fetch", env: { fetch } })
    return () => client.get("/items")
  },
  impatient: (fetch, baseURL) => {
    const client = axios.create({ baseURL, adapter: "fetch", env: { fetch }, timeout: PATIENCE })
    return () => client.get("/items")
  },
  saysTimeout: false,
  expectRejection(outcome, origin) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(AxiosError)
    expect(reason).toMatchObject({ name: "OpenStateError", code: "ERR_OPEN_STATE" })
    expect(reason.message).toBe(messageFor(origin))
    expect(reason.response).toBeUndefined()
    expect(reason.cause).toBeInstanceOf(OpenStateError)
    expect(findCircuitBreakerError(reason)).toBe(reason.cause)
  },
  expectUnavailable(outcome, message) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(AxiosError)
    expect(reason.code).toBe("ERR_BAD_RESPONSE")
    expect(reason.response).toMatchObject({ status: 503, data: message })
    expect(reason.response.headers.get("retry-after")).toBe("60")
  },
})

describe("axios", () => {
  test("does not call the wrapped fetch with any other adapter", async () => {
    await using rig = await startRig(faultSite)
    await rig.call((fetch, url) => () => axios.get(url, { adapter: "http", env: { fetch } }))
    expect(rig.site.requests).toBe(1)
    expect(rig.asked).toEqual([])
  })

  test("sends a body through the wrapped fetch, and sends nothing while the breaker is open", async () => {
    await using rig = await startRig(faultSite)
    const post: Connect = (fetch, url) => () =>
      axios.post(url, { a: 1 }, { adapter: "fetch", env: { fetch } })
    expect(valueOf(await rig.call(post))).toMatchObject({ status: 200 })
    await rig.open()
    expect(reasonOf(await rig.call(post))).toMatchObject({ code: "ERR_OPEN_STATE" })
    expect(rig.site.requests).toBe(1 + LIMIT)
  })
})
