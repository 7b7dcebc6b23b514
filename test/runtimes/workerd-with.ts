import { Miniflare } from "miniflare"
import type { MiniflareOptions, RequestInit, Response, WorkerOptions } from "miniflare"
import { createInterface } from "node:readline"
import { tail } from "./runner.ts"
import { within } from "./within.ts"
import { withWorkerd, type WorkerdVersion } from "./workerd-version.ts"

type OtherOptions = Pick<
  WorkerOptions,
  | "bindings"
  | "compatibilityDate"
  | "compatibilityFlags"
  | "durableObjects"
  | "outboundService"
  | "serviceBindings"
  | "unsafeDirectSockets"
>

export interface WorkerSettings extends OtherOptions {
  readonly name: string
  /** The source of the main module: a complete bundle, or one that imports from `modules`. */
  readonly code: string
  /** The sources of further modules, each imported as `./<name>`. */
  readonly modules?: Readonly<Record<string, string>>
}

export interface WorkerdOptions {
  readonly version?: WorkerdVersion
  /** Each worker is one isolate. The first one answers at {@link Workerd.url}. */
  readonly workers: readonly [WorkerSettings, ...WorkerSettings[]]
  /** Milliseconds for a start; 30 000 by default. */
  readonly startLimit?: number
  /** Opens a port for debuggers: see `miniflare.getInspectorURL()`. */
  readonly inspect?: boolean
}

export interface Workerd extends AsyncDisposable {
  readonly miniflare: Miniflare
  /** The address for sockets, for what `fetch` cannot do, such as a client that hangs up. */
  readonly url: URL
  /** The last lines that workerd and the workers wrote. */
  readonly output: string
  fetch(worker: string, path: string, init?: RequestInit): Promise<Response>
  /** Starts workerd anew: memory is lost, what Durable Objects have stored stays. */
  restart(): Promise<void>
  /** May be called more than once, unlike miniflare's own. */
  dispose(): Promise<void>
}

// Miniflare's own type for this needs the package @cloudflare/workers-types.
interface WorkerFetch {
  fetch(input: URL, init?: RequestInit): Promise<Response>
}

// Both versions support this date, and nodejs_compat is not yet on by default.
const COMPATIBILITY_DATE = "2026-04-01"

/** Starts workers in a workerd of their own. */
export async function workerdWith(options: WorkerdOptions): Promise<Workerd> {
  const { version = "bundled", startLimit = 30_000 } = options
  const lines: string[] = []
  const output = (): string => tail(lines.join("\n"))
  const settings: MiniflareOptions = {
    // Otherwise miniflare fetches the properties of a request from a server of Cloudflare.
    cf: false,
    handleRuntimeStdio: (stdout, stderr) => {
      for (const input of [stdout, stderr]) {
        createInterface(input).on("line", (line) => lines.push(line))
      }
    },
    ...(options.inspect && { inspectorPort: 0 }),
    workers: options.workers.map(workerOptions),
  }

  let disposed: Promise<void> | undefined
  const dispose = (instance: Miniflare): Promise<void> => (disposed ??= instance.dispose())
  const started = async (instance: Miniflare, ready: Promise<unknown>): Promise<URL> => {
    try {
      await within(startLimit, ready, `it did not start within ${startLimit} ms`)
      return await instance.ready
    } catch (error) {
      await dispose(instance).catch(() => {})
      throw new Error(`Cannot start workerd (${version}): ${error}\n${output()}`, { cause: error })
    }
  }

  // Made inside `withWorkerd`, because the constructor already starts workerd.
  const [miniflare, firstUrl] = await withWorkerd(version, async () => {
    const instance = new Miniflare(settings)
    return [instance, await started(instance, instance.ready)] as const
  })
  let url = firstUrl

  return {
    miniflare,
    get url() {
      return url
    },
    get output() {
      return output()
    },
    async fetch(worker, path, init) {
      const target = (await miniflare.getWorker(worker)) as unknown as WorkerFetch
      return target.fetch(new URL(path, "http://worker.invalid"), init)
    },
    async restart() {
      url = await withWorkerd(version, () => started(miniflare, miniflare.setOptions(settings)))
    },
    dispose: () => dispose(miniflare),
    [Symbol.asyncDispose]: () => dispose(miniflare),
  }
}

function workerOptions({ code, modules = {}, ...rest }: WorkerSettings): WorkerOptions {
  const texts = Object.entries({ [`${rest.name}.mjs`]: code, ...modules })
  return {
    compatibilityDate: COMPATIBILITY_DATE,
    ...rest,
    modules: texts.map(([path, contents]) => ({ type: "ESModule", path, contents })),
  }
}
