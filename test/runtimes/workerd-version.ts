import { createRequire } from "node:module"

/** The workerd that miniflare depends on, or that of the package `workerd`. */
export type WorkerdVersion = "bundled" | "newest"

const VARIABLE = "MINIFLARE_WORKERD_PATH"

let last: Promise<unknown> = Promise.resolve()

/**
 * Runs `start`, in which miniflare starts a workerd, with the environment variable that selects the version.
 * Miniflare reads the variable whenever it spawns the program, also in `setOptions()`. So such starts
 * happen one after the other, and instances of both versions can live in one process.
 */
export function withWorkerd<T>(version: WorkerdVersion, start: () => Promise<T>): Promise<T> {
  const turn = last.then(async () => {
    const before = process.env[VARIABLE]
    setVariable(version === "newest" ? newestPath() : undefined)
    try {
      return await start()
    } finally {
      setVariable(before)
    }
  })
  last = turn.catch(() => {})
  return turn
}

function newestPath(): string {
  const workerd = createRequire(import.meta.url)("workerd") as { default: string }
  return workerd.default
}

function setVariable(path: string | undefined): void {
  if (path === undefined) delete process.env[VARIABLE]
  else process.env[VARIABLE] = path
}
