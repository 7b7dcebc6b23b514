/** The client in this process, which has to be run with `--expose-gc`. */
import { createClient } from "./client.ts"
import { settings } from "./settings.ts"
import type { Subject } from "./subject.ts"

export function nodeHeapUsed(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

export function nodeSubject(url: string): Subject {
  const client = createClient(url, settings, fetch)
  let unhandled = 0
  const count = (): void => void (unhandled += 1)
  process.on("unhandledRejection", count)
  return {
    name: `Node ${process.versions.node}`,
    call: () => client.call(),
    tally: async () => client.tally(),
    heapUsed: async () => nodeHeapUsed(),
    unhandled: async () => unhandled,
    async [Symbol.asyncDispose]() {
      process.off("unhandledRejection", count)
    },
  }
}
