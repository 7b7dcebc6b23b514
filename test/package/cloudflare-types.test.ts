/** The declarations and the example compile with the types that Cloudflare publishes, without those of a page. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { resolutions, root, userProject } from "./user-project.ts"

const worker = { lib: ["ES2022"], types: ["@cloudflare/workers-types"], exactOptionalPropertyTypes: true }
const example = join(root, "examples/cloudflare-worker/src")

/** The output of `wrangler types` for the bindings of the example. */
const bindings = `
  declare namespace Cloudflare {
    interface Env {
      ORIGIN: string
      BREAKERS: DurableObjectNamespace<import("./index.ts").Breakers>
      STATUS_SECRET: string
    }
  }
  interface Env extends Cloudflare.Env {}
`

const program = `
  import { waitUntil } from "cloudflare:workers"
  import { wrapFetch } from "webbreaker"
  import { breakerObject, durableObjectStore, type BreakerNamespace } from "webbreaker/durable-object"

  export class Breakers extends breakerObject({ quorum: 2 }) {}

  declare const named: DurableObjectNamespace<Breakers>
  declare const nameless: DurableObjectNamespace
  declare const state: DurableObjectState
  export const namespaces: BreakerNamespace[] = [named, nameless]
  export const object: DurableObjectClass = Breakers
  export const response: Promise<Response> = new Breakers(state, {}).fetch(new Request("https://breakers.invalid/"))

  const store = durableObjectStore(named, { waitUntil })
  interface Env { BREAKERS: DurableObjectNamespace<Breakers> }
  export default {
    fetch(request, env, context) {
      const store = durableObjectStore(() => env.BREAKERS, { waitUntil: (promise) => context.waitUntil(promise) })
      return wrapFetch(fetch, { store })(request)
    },
  } satisfies ExportedHandler<Env>
  export const safeFetch: typeof fetch = wrapFetch(undefined, { store })
  // @ts-expect-error a namespace of other objects is none, so the types are there
  durableObjectStore({ idFromName: (name: number) => name })
`

test.each(Object.entries(resolutions))("a Worker with a store compiles with %s", (_, resolution) => {
  using project = userProject({ "program.ts": program })
  expect(project.compile({ ...resolution, ...worker })).toBe("")
})

test.each(Object.entries(resolutions))("examples/cloudflare-worker compiles with %s, and with the bindings that wrangler declares", (_, resolution) => {
  const sources = readdirSync(example).filter((file) => file !== "env.d.ts")
  const files = Object.fromEntries(sources.map((file) => [file, readFileSync(join(example, file), "utf8")]))
  using project = userProject({ ...files, "env.d.ts": bindings })
  expect(project.compile({ ...resolution, ...worker, allowImportingTsExtensions: true })).toBe("")
})
