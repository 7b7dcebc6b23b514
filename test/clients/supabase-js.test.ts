import { createClient, type SupabaseClient } from "@supabase/supabase-js"
import { describe, expect, test, vi } from "vitest"
import { findCircuitBreakerError, OpenStateError, type FetchSettings } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { LIMIT, reasonOf, startRig, valueOf, type Connect } from "./rig.ts"
import { faultSite } from "./site.ts"
import { skipWaits } from "./skip-waits.ts"

/** Makes a client, and calls `use` with it for each call. */
const connectTo =
  (use: (client: SupabaseClient) => PromiseLike<unknown>, db = {}): Connect =>
  (fetch, url) => {
    const client = createClient(url, "key", {
      global: { fetch },
      db,
      auth: { persistSession: false, autoRefreshToken: false },
      // The client needs a WebSocket, which Node 20 does not have.
      realtime: { transport: class {} as never },
    })
    return () => use(client)
  }

const plain = connectTo((client) => client.from("items").select())
const calm = connectTo((client) => client.from("items").select().retry(false))

testClient({
  name: "supabase-js",
  site: faultSite,
  answer: expect.objectContaining({ data: { ok: true }, error: null, status: 200 }),
  input: "string",
  plain,
  calm,
  // 1, 2 and 4 s.
  retries: { calls: 4, wait: [7_000, 7_000] },
  calmAtAny503: calm,
  obeysRetryAfter: true,
  impatient: connectTo((client) => client.from("items").select(), { timeout: PATIENCE }),
  saysTimeout: false,
  expectRejection(outcome, origin) {
    const value = valueOf(outcome)
    expect(value).toMatchObject({ data: null, status: 0, error: { code: "", hint: "" } })
    // Only the name and the text of the rejection are left.
    expect(value.error.message).toBe(`OpenStateError: ${messageFor(origin)}`)
    expect(findCircuitBreakerError(value.error)).toBeUndefined()
  },
  expectUnavailable(outcome, message) {
    expect(valueOf(outcome)).toMatchObject({ data: null, status: 503, error: { message } })
  },
})

describe("supabase-js", () => {
  test("throws the rejection itself with throwOnError()", async () => {
    await using rig = await startRig(faultSite)
    await rig.open()
    const query = connectTo((client) => client.from("items").select().retry(false).throwOnError())
    const reason = reasonOf(await rig.call(query))
    expect(reason).toBeInstanceOf(OpenStateError)
    expect(findCircuitBreakerError(reason)).toBe(reason)
    expect(rig.asked).toHaveLength(1)
  })

  test("does not retry a rejected write, since it never retries writes", async () => {
    await using rig = await startRig(faultSite)
    await rig.open()
    await rig.call(connectTo((client) => client.from("items").insert({ a: 1 })))
    expect(rig.asked).toHaveLength(1)
    expect(rig.site.requests).toBe(LIMIT)
  })

  test("calls fetch once for any query if a fallback returns a status that it does not retry", async () => {
    const fallback: FetchSettings["fallback"] = (error) => {
      const rejected = findCircuitBreakerError(error)
      if (!rejected) return undefined
      const { code, message } = rejected
      return Response.json({ code, message }, { status: 500 })
    }
    await using rig = await startRig(faultSite, { fallback })
    await rig.open()
    const { result, waited } = await skipWaits(() => rig.call(plain))
    expect(rig.asked).toHaveLength(1)
    expect(waited).toBe(0)
    expect(rig.site.requests).toBe(LIMIT)
    const error = { code: "ERR_OPEN_STATE", message: messageFor(rig.origin) }
    expect(valueOf(result)).toMatchObject({ data: null, status: 500, error })
  })

  test.each([
    {
      part: "storage",
      use: connectTo((client) => client.storage.from("files").list()),
      name: "StorageUnknownError",
      key: "originalError",
    },
    {
      part: "functions",
      use: connectTo((client) => client.functions.invoke("hello")),
      name: "FunctionsFetchError",
      key: "context",
    },
  ])("calls fetch once for its $part, and keeps the rejection as error.$key", async (row) => {
    const { use, name, key } = row
    await using rig = await startRig(faultSite)
    await rig.open()
    const { data, error } = valueOf(await rig.call(use))
    expect(data).toBeNull()
    expect(error.name).toBe(name)
    expect(findCircuitBreakerError(error)).toBeUndefined()
    expect(findCircuitBreakerError(error[key])).toBeInstanceOf(OpenStateError)
    expect(rig.asked).toHaveLength(1)
    expect(rig.site.requests).toBe(LIMIT)
  })

  test("calls fetch once for its auth, and keeps the text of the rejection", async () => {
    // The client logs the error that it returns.
    using _ = vi.spyOn(console, "error").mockReturnValue(undefined)
    await using rig = await startRig(faultSite)
    await rig.open()
    const credentials = { email: "a@example.com", password: "secret" }
    const signIn = connectTo((client) => client.auth.signInWithPassword(credentials))
    const { error } = valueOf(await rig.call(signIn))
    expect(error).toMatchObject({ name: "AuthRetryableFetchError", status: 0 })
    expect(error.message).toBe(messageFor(rig.origin))
    expect(rig.asked).toHaveLength(1)
    expect(rig.site.requests).toBe(LIMIT)
  })
})
