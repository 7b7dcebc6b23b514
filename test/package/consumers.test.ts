/** The declarations compile in the projects of users, even with the strictest settings. */
import { expect, test } from "vitest"
import { resolutions, userProject } from "./user-project.ts"

const program = `
  import { anyOf, CircuitBreaker, exponentialBackoff, failureRate, slowCallRate, wrapFetch } from "webbreaker"
  import type { BreakerEvent, BreakerSnapshot, FetchSettings, Settings, State } from "webbreaker"
  import { denoKvStore, type DenoKv } from "webbreaker/deno-kv"
  import { breakerObject, durableObjectStore } from "webbreaker/durable-object"
  import { localStorageStore } from "webbreaker/local-storage"

  const within = 10_000
  const settings: Settings = {
    ...anyOf(failureRate({ threshold: 0.5, within }), slowCallRate({ threshold: 0.9, slowerThan: 2_000, within })),
    timeout: exponentialBackoff({ initial: 1_000, max: 60_000 }),
    callTimeout: undefined,
    store: localStorageStore(),
  }
  const breaker = new CircuitBreaker(settings)
  const state: State = breaker.state
  const snapshot: BreakerSnapshot = JSON.parse(JSON.stringify(breaker.snapshot()))
  const answer: Promise<number> = breaker.execute(async () => 1, { signal: undefined })
  breaker.addEventListener("statechange", (event: BreakerEvent) => event.breaker)

  const options: FetchSettings = { fallback: (error, request) => new Response(request.url), ...settings }
  const safeFetch: typeof fetch = wrapFetch(fetch, options)
  export class Breakers extends breakerObject({ quorum: 2, ...failureRate({ threshold: 0.5, last: 100 }) }) {}
  export const store = durableObjectStore(() => { throw new Error("there is none") }, { deadline: undefined })
  declare const kv: DenoKv
  export const stores = [denoKvStore(kv), denoKvStore(async () => kv, { prefix: undefined })]
  export { answer, safeFetch, snapshot, state }
  // @ts-expect-error a misspelt setting is an error, so the types are there
  new CircuitBreaker({ maxRequest: 1 })
`

const libraries = {
  page: { lib: ["ES2022", "DOM"], types: [] },
  worker: { lib: ["ES2022", "WebWorker"], types: [] },
  server: { lib: ["ES2022"], types: ["node"] },
}

test.each(
  Object.entries(resolutions).flatMap(([name, resolution]) =>
    Object.entries(libraries).map(([where, libraries]) => [name, where, { ...resolution, ...libraries }] as const),
  ),
)("a strict project with %s compiles in a %s", (_, _where, options) => {
  using project = userProject({ "program.ts": program })
  const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true }
  expect(project.compile({ ...options, ...strictest })).toBe("")
})

// The types of Bun give its fetch a property more.
const bun = `
  import { wrapFetch } from "webbreaker"
  declare global { namespace fetch { function preconnect(url: string | URL): void } }
  const own = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => fetch(input, init)
  export const all = [wrapFetch(own), wrapFetch(async (input) => new Response(String(input))), wrapFetch(wrapFetch(fetch))]
  export const complete: typeof fetch = Object.assign(wrapFetch(fetch), { preconnect: fetch.preconnect })
  // @ts-expect-error a function without that property is no fetch, so the types are there
  export const safeFetch: typeof fetch = own
`

test.each(Object.entries(resolutions))("a function that only takes the arguments of fetch can be wrapped, with %s", (_, resolution) => {
  using project = userProject({ "program.ts": bun })
  expect(project.compile({ ...resolution, ...libraries.page })).toBe("")
})
