import { writeFile } from "node:fs/promises"
import { arrive, navigationLimitMs } from "./arrival.ts"
import type { Tab } from "./browser.ts"
import { pause, withDeadline } from "./deadline.ts"
import { type CallReport, PageError, pollCall, startCall } from "./page-call.ts"

/** An expression, or a function that will be sent as its text. */
type Source = string | ((...args: never[]) => unknown)

type Ability = "bringToFront" | "crash" | "freeze" | "resume" | "setOffline" | "usedHeap"

/** The operations that each engine implements itself; {@link createTab} builds a {@link Tab} on them. */
export interface TabChannel {
  readonly consoleErrors: readonly string[]

  /** Gives the text that a synchronous expression evaluates to in the page. */
  run(expression: string): Promise<string>

  /** Loads `url` and waits for its load event. */
  navigate(url: string): Promise<unknown>
  reload(): Promise<unknown>
  screenshot(): Promise<Uint8Array>
  close(): Promise<void>
  readonly abilities: Pick<Tab, Ability>
}

const evaluateLimitMs = 30_000

export function createTab(channel: TabChannel): Tab {
  async function evaluate<T>(
    source: Source,
    args: readonly unknown[],
    limitMs: number = evaluateLimitMs,
  ): Promise<T> {
    const endsAt = performance.now() + limitMs
    const ask = async (expression: string): Promise<CallReport> => {
      const restMs = Math.max(0, endsAt - performance.now())
      return JSON.parse(await withDeadline(channel.run(expression), restMs, `Running ${source}`))
    }

    let call = await ask(startCall(String(source), args))
    let failures = 0
    for (let waitMs = 2; !call.done; waitMs = Math.min(waitMs * 2, 25)) {
      await pause(waitMs)
      try {
        call = await ask(pollCall(call))
        failures = 0
      } catch (error) {
        // A navigation may interrupt the question. When asked again, the new document answers.
        if (++failures === 3) throw error
      }
      if (call.gone) throw new Error(`The page was left before this settled: ${source}`)
    }
    if (call.error) throw new PageError(call.error)
    return (call.json === undefined ? undefined : JSON.parse(call.json)) as T
  }

  async function waitFor<T>(predicate: Source, timeoutMs = 10_000): Promise<T> {
    const endsAt = performance.now() + timeoutMs
    let last: unknown = "nothing yet"
    do {
      try {
        // Even a late attempt gets a second, since its value says more than a timeout would.
        const restMs = Math.max(1_000, endsAt - performance.now())
        const value = await evaluate<T>(predicate, [], restMs)
        if (value) return value
        last = JSON.stringify(value)
      } catch (error) {
        last = error
      }
      await pause(20)
    } while (performance.now() < endsAt)
    throw new Error(`Not true after ${timeoutMs} ms: ${predicate} (last: ${last})`)
  }

  const loaded = async (load: Promise<unknown>, what: string): Promise<void> => {
    await withDeadline(load, navigationLimitMs, what)
  }

  return {
    ...channel.abilities,
    consoleErrors: channel.consoleErrors,
    goto: (url) => loaded(channel.navigate(url), `Loading ${url}`),
    reload: () => loaded(channel.reload(), "Reloading"),
    back: () => arrive(channel.run, () => evaluate("void history.back()", [])),
    navigateByScript: (url) => evaluate("(url) => void (location.href = url)", [url]),
    evaluate: (source: Source, ...args: unknown[]) => evaluate(source, args),
    waitFor,
    screenshot: async (path) => writeFile(path, await channel.screenshot()),
    close: () => channel.close(),
  }
}
