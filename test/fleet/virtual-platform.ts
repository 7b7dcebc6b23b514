/**
 * Replaces the time and randomness of the platform with virtual time and seeded randomness, so that the code
 * under simulation runs unchanged.
 */
import type { EventQueue, Scheduled } from "./event-queue.ts"
import type { Random } from "./random.ts"
import { LightAbortController, LightResponse } from "./stand-ins.ts"

// Any fixed date will do.
const EPOCH = Date.UTC(2026, 0, 1)

/** Runs `body` with the clocks, timers, randomness and costly objects of the process replaced. */
export async function onVirtualPlatform<T>(queue: EventQueue, random: Random, body: () => Promise<T>): Promise<T> {
  let ids = 0
  const hex = (digits: number): string => random.integer(16 ** digits).toString(16).padStart(digits, "0")
  const restore = [
    replace(Date, "now", () => EPOCH + queue.now),
    replace(performance, "now", () => queue.now),
    replace(globalThis, "setTimeout", (run: () => void, delay = 0) => queue.after(delay, run)),
    replace(globalThis, "clearTimeout", (event: Scheduled | undefined) => {
      if (event) event.run = undefined
    }),
    replace(globalThis, "AbortController", LightAbortController),
    replace(globalThis, "Response", LightResponse),
    replace(Math, "random", random.next),
    replace(crypto, "randomUUID", () => `${hex(8)}-0000-4000-8000-${(ids++).toString(16).padStart(12, "0")}`),
  ]
  try {
    return await body()
  } finally {
    for (const undo of restore) undo()
  }
}

function replace(owner: object, name: string, value: unknown): () => void {
  const original = Object.getOwnPropertyDescriptor(owner, name)
  Object.defineProperty(owner, name, { value, configurable: true, writable: true })
  return () => {
    if (original) Object.defineProperty(owner, name, original)
    else delete owner[name as keyof typeof owner]
  }
}
