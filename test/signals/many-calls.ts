/** Many calls with one long-lived signal. Runs in a separate Node process, and in a page. */
import { CircuitBreaker, wrapFetch, type FetchSettings, type Settings } from "../../src/index.ts"
import { watchListeners } from "./watch-listeners.ts"

export interface ManyCalls {
  readonly controller: AbortController
  readonly signal: AbortSignal
  /** Makes `count` calls, one after the other. */
  run(count: number): Promise<void>
  /** The number of listeners on the signal. */
  readonly listeners: number
}

/** What each call leaks on purpose, to check that the tests notice it. */
export type Leak = "listener" | "closure"

type Call = (signal: AbortSignal) => Promise<unknown>

const stub = (): Promise<Response> => Promise.resolve(new Response("body"))

function execute(settings: Settings): () => Call {
  return () => {
    const breaker = new CircuitBreaker(settings)
    return (signal) => breaker.execute(async () => "up", { signal })
  }
}

function fetchWith(settings: FetchSettings, read = (response: Response): Promise<unknown> => response.text()): () => Call {
  return () => {
    const safeFetch = wrapFetch(stub, settings)
    return async (signal) => read(await safeFetch("https://api.example/", { signal }))
  }
}

/** The signal of each call is a new one, which follows the one that lives long. */
function fetchOf(argumentsFor: (signal: AbortSignal) => Parameters<typeof fetch>): () => Call {
  return () => {
    const safeFetch = wrapFetch(stub, { callTimeout: 60_000 })
    return async (signal) => (await safeFetch(...argumentsFor(signal))).text()
  }
}

const readTwice = (response: Response): Promise<unknown> => {
  const clone = response.clone()
  return Promise.all([response.text(), clone.text()])
}

export const kinds = {
  "execute()": execute({}),
  "execute() with callTimeout": execute({ callTimeout: 60_000 }),
  "wrapFetch()": fetchWith({}),
  "wrapFetch() with callTimeout": fetchWith({ callTimeout: 60_000 }),
  "wrapFetch() with callTimeout, of a Request": fetchOf((signal) => [new Request("https://api.example/", { signal })]),
  'wrapFetch() with settleOn "body" and callTimeout, of a response that is cloned': fetchWith(
    { settleOn: "body", callTimeout: 60_000 },
    readTwice,
  ),
} as const satisfies Record<string, () => Call>

export type Kind = keyof typeof kinds

/** @param kind - With a URL, the calls go there through a wrapped `fetch` instead of to a stub. */
export function manyCalls(kind: Kind | { readonly url: string; readonly settings: FetchSettings }, leak?: Leak): ManyCalls {
  const controller = new AbortController()
  const { signal } = controller
  const present = watchListeners(signal)
  const call = typeof kind === "string" ? kinds[kind]() : overNetwork(kind.url, kind.settings)
  const kept: unknown[] = []
  return {
    // Without it, the engine knows that the signal is never aborted, and that nothing needs to follow it.
    controller,
    signal,
    async run(count) {
      for (let i = 0; i < count; i++) {
        await call(signal)
        if (leak === "listener") signal.addEventListener("abort", () => i)
        if (leak === "closure") kept.push(() => i)
        // Finalizers run between tasks, and calls to a stub never end the task that they are in.
        if (i % 500 === 499) await new Promise((resolve) => setTimeout(resolve))
      }
    },
    get listeners() {
      return present.size
    },
  }
}

function overNetwork(url: string, settings: FetchSettings): Call {
  const safeFetch = wrapFetch(undefined, settings)
  return async (signal) => (await safeFetch(url, { signal })).text()
}
