import { build } from "esbuild"
import { randomUUID } from "node:crypto"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import type { Miniflare, Response, WorkerOptions } from "miniflare"
import type { Isolate, State } from "../browser/src/demo-status.ts"
import { checkWorkerd } from "./check-workerd.ts"
import { packageFiles } from "./package-files.ts"
import { readWranglerConfig } from "./wrangler-config.ts"

/** The Worker of `examples/cloudflare-worker` in workerd: several isolates, one Durable Object. */
export interface Isolates {
  /** Calls the isolate whose turn it is, by the number. */
  fetch(turn: number, path: string): Promise<Response>
  /** Asks each isolate for the state of its breaker. */
  look(): Promise<Isolate[]>
}

// Miniflare's own type for this needs the package @cloudflare/workers-types.
interface Fetcher {
  fetch(url: string, init?: { headers?: Record<string, string> }): Promise<Response>
}

const COUNT = 4
const START_LIMIT = 30_000

export async function startIsolates(root: URL, origin: string): Promise<Isolates> {
  await checkWorkerd()
  // Imported only here, so that the rest of the demo runs on platforms that miniflare does not support.
  const { Miniflare } = await import("miniflare")
  const folder = new URL("examples/cloudflare-worker/", root)
  const secret = randomUUID()
  const code = await bundleWorker(root, new URL("src/index.ts", folder))
  const config = readWranglerConfig(await readFile(new URL("wrangler.jsonc", folder), "utf8"))
  const names = Array.from({ length: COUNT }, (_, index) => `isolate ${index + 1}`)
  const workers = names.map((name): WorkerOptions => ({
    name,
    compatibilityDate: config.compatibilityDate,
    modules: [{ type: "ESModule", path: `${name}.mjs`, contents: code }],
    bindings: { ORIGIN: origin, STATUS_SECRET: secret },
    durableObjects: { [config.binding]: { className: config.className, scriptName: names[0] as string, useSQLite: true } },
  }))

  const miniflare = new Miniflare({
    // Otherwise miniflare fetches the properties of a request from a server of Cloudflare.
    cf: false,
    // The output of workerd would break the status line.
    handleRuntimeStdio: (stdout, stderr) => void (stdout.resume(), stderr.resume()),
    workers: workers as [WorkerOptions, ...WorkerOptions[]],
  })
  try {
    const fetchers = await within(START_LIMIT, fetchersOf(miniflare, names))
    return {
      fetch: (turn, path) => (fetchers[turn % COUNT] as Fetcher).fetch(`http://worker.invalid${path}`),
      look: () => Promise.all(fetchers.map((fetcher, index) => look(fetcher, names[index] as string, secret))),
    }
  } catch (error) {
    await miniflare.dispose().catch(() => {})
    throw error
  }
}

async function fetchersOf(miniflare: Miniflare, names: readonly string[]): Promise<Fetcher[]> {
  await miniflare.ready
  return Promise.all(names.map(async (name) => (await miniflare.getWorker(name)) as unknown as Fetcher))
}

async function look(fetcher: Fetcher, name: string, secret: string): Promise<Isolate> {
  const response = await fetcher.fetch("http://worker.invalid/__breakers", { headers: { authorization: `Bearer ${secret}` } })
  const breakers = (await response.json()) as Record<string, { state: State; retryAfter: number }>
  // An isolate has no breaker before its first call.
  const [breaker] = Object.values(breakers)
  return { name, state: breaker?.state ?? "closed", retryAfter: breaker?.retryAfter ?? 0 }
}

async function bundleWorker(root: URL, entry: URL): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(entry)],
    alias: packageFiles(root),
    external: ["cloudflare:workers"],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    logLevel: "silent",
  })
  return result.outputFiles[0]?.text ?? ""
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`workerd did not start within ${ms / 1_000} s`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
