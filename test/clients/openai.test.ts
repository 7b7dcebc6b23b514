import OpenAI, {
  APIConnectionError,
  APIConnectionTimeoutError,
  InternalServerError,
  type ClientOptions,
} from "openai"
import { describe, expect, test } from "vitest"
import { findCircuitBreakerError, OpenStateError, type FetchSettings } from "../../src/index.ts"
import { messageFor, PATIENCE, testClient } from "./contract.ts"
import { LIMIT, reasonOf, startRig, type Connect } from "./rig.ts"
import { hangingSite, jsonSite, type Site } from "./site.ts"

const message = { role: "assistant", content: "Hello" }
const completion = { id: "1", choices: [{ index: 0, message }] }
const completions = (): Promise<Site> => jsonSite(completion)

const connectWith =
  (options: ClientOptions): Connect =>
  (fetch, baseURL) => {
    const client = new OpenAI({ apiKey: "key", baseURL, fetch, ...options })
    const messages = [{ role: "user", content: "Hi" } as const]
    return () => client.chat.completions.create({ model: "any", messages })
  }

const plain = connectWith({})
const calm = connectWith({ maxRetries: 0 })

testClient({
  name: "openai",
  site: completions,
  answer: completion,
  input: "string",
  plain,
  calm,
  // 500 and 1000 ms, each less by up to a quarter.
  retries: { calls: 3, wait: [1_125, 1_500] },
  calmAtAny503: calm,
  obeysRetryAfter: true,
  impatient: connectWith({ maxRetries: 0, timeout: PATIENCE }),
  saysTimeout: false,
  expectRejection(outcome) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(APIConnectionError)
    expect(reason.message).toBe("Connection error.")
    expect(reason.cause).toBeInstanceOf(OpenStateError)
    expect(findCircuitBreakerError(reason)).toBe(reason.cause)
  },
  expectUnavailable(outcome, text) {
    const reason = reasonOf(outcome)
    expect(reason).toBeInstanceOf(InternalServerError)
    expect(reason).toMatchObject({ status: 503, message: `503 ${text}` })
    expect(reason.headers.get("retry-after")).toBe("60")
  },
})

describe("openai", () => {
  test("keeps its other retries when a fallback tells it not to retry a rejection", async () => {
    const fallback: FetchSettings["fallback"] = (error) => {
      const rejected = findCircuitBreakerError(error)
      const headers = { "x-should-retry": "false" }
      return rejected && new Response(rejected.message, { status: 503, headers })
    }
    await using rig = await startRig(completions, { fallback })
    await rig.open()
    const reason = reasonOf(await rig.call(plain))
    expect(reason).toBeInstanceOf(InternalServerError)
    expect(reason.message).toBe(`503 ${messageFor(rig.origin)}`)
    expect(rig.asked).toHaveLength(1)
    expect(rig.site.requests).toBe(LIMIT)
  })

  test("hides a rejection behind a timeout once callTimeout has opened the breaker", async () => {
    await using rig = await startRig(hangingSite, { callTimeout: PATIENCE })
    while (rig.breaker?.state !== "open") await rig.call(calm)

    const reason = reasonOf(await rig.call(calm))
    expect(rig.sent).toHaveLength(LIMIT)
    // The client searches the texts of the error and of its cause for "timeout", and drops both errors.
    expect(reason).toBeInstanceOf(APIConnectionTimeoutError)
    expect(reason.message).toBe("Request timed out.")
    expect(findCircuitBreakerError(reason)).toBeUndefined()
  })

  test('shows that rejection with rejectWith: "response"', async () => {
    await using rig = await startRig(hangingSite, { callTimeout: PATIENCE, rejectWith: "response" })
    while (rig.breaker?.state !== "open") await rig.call(calm)
    const text = `503 ${messageFor(rig.origin)}`
    expect(reasonOf(await rig.call(calm))).toMatchObject({ status: 503, message: text })
  })
})
