import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { expect, vi } from "vitest"
import type { DemoStatus, Mode } from "../../examples/browser/src/demo-status.ts"

export interface Demo {
  readonly url: string
  /** The output so far. */
  readonly output: string
  /** Sends a signal to the started process, or, as a terminal does, to its whole group. */
  signal(name: NodeJS.Signals, to?: "process" | "group"): void
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>
  /** Whether any process of its group is left: npm, the demo, workerd. */
  isAlive(): boolean
  prints(pattern: RegExp): Promise<void>
  /** Sends a message as the page does. */
  put(path: string, value: unknown): Promise<Response>
  setMode(mode: Mode): Promise<void>
  status(): Promise<DemoStatus>
  /** Kills the processes that are left. */
  dispose(): Promise<void>
}

export interface DemoOptions {
  readonly command?: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  readonly port?: number
}

const root = fileURLToPath(new URL("../../", import.meta.url))
// A machine that runs all tests at once is slow.
const LIMIT = { timeout: 60_000, interval: 20 }

/** Starts the demo as a user does, and waits until it prints its address. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const { command = ["node", "examples/demo/run.mjs"], env = {}, port = 0 } = options
  const [program, ...args] = command
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PORT: String(port), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, by which all of its processes can be found.
    detached: true,
  })
  const group = child.pid as number
  let output = ""
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text))
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve))

  const isAlive = (): boolean => {
    try {
      return process.kill(-group, 0)
    } catch {
      return false
    }
  }
  const killOnExit = (): void => void (isAlive() && process.kill(-group, "SIGKILL"))
  process.once("exit", killOnExit)
  const dispose = async (): Promise<void> => {
    process.off("exit", killOnExit)
    killOnExit()
    await ended
  }
  const prints = async (pattern: RegExp): Promise<void> => {
    await vi.waitFor(() => expect(output).toMatch(pattern), LIMIT)
  }

  try {
    await prints(/^ +http:\S+$/m)
  } catch (error) {
    await dispose()
    throw error
  }
  const url = /^ +(http:\S+)$/m.exec(output)?.[1] as string
  const put = (path: string, value: unknown): Promise<Response> =>
    fetch(url + path, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) })
  return {
    url,
    get output() {
      return output
    },
    signal: (name, to = "process") => void process.kill(to === "group" ? -group : group, name),
    ended,
    isAlive,
    prints,
    put,
    setMode: async (mode) => expect((await put("/mode", mode)).status).toBe(200),
    status: async () => (await put("/status", { id: "test", state: "closed", sent: 0 })).json() as Promise<DemoStatus>,
    dispose,
  }
}
