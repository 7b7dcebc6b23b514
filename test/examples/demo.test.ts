/** `npm start`: what it starts, what it prints, and that it leaves nothing running. */
import { createServer } from "node:net"
import { afterEach, describe, expect, test } from "vitest"
import { listen } from "../../examples/origin/listen.ts"
import { startDemo, type Demo, type DemoOptions } from "./start-demo.ts"

const RUNNING = /isolates closed/
const WITHOUT_WORKERD = { MINIFLARE_WORKERD_PATH: "/nowhere" }
const LIMIT = { timeout: 60_000, interval: 50 }

let demo: Demo | undefined
afterEach(() => demo?.dispose())
const start = async (options?: DemoOptions): Promise<Demo> => (demo = await startDemo(options))

describe("npm start", () => {
  test("serves the page, prints its address, and ends with all its processes on Ctrl-C", async () => {
    const { url, ended, isAlive, prints, signal } = await start({ command: ["npm", "start"] })
    expect(await (await fetch(url)).text()).toContain("<h1>webbreaker</h1>")
    await prints(RUNNING)
    expect(isAlive()).toBe(true)
    signal("SIGINT", "group")
    await ended
    await expect.poll(isAlive, LIMIT).toBe(false)
    await expect(fetch(url)).rejects.toThrow()
  })

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("exits with 0 on a %s to itself alone, and leaves no workerd", async (name) => {
    const { ended, isAlive, prints, signal } = await start()
    await prints(RUNNING)
    signal(name)
    expect(await ended).toBe(0)
    await expect.poll(isAlive, LIMIT).toBe(false)
  })

  test("leaves no workerd if it is stopped while workerd starts", async () => {
    const { ended, isAlive, output, signal } = await start()
    expect(output).not.toMatch(RUNNING)
    signal("SIGINT", "group")
    expect(await ended).toBe(0)
    await expect.poll(isAlive, LIMIT).toBe(false)
  })

  test("says that its port is in use, and takes another", async () => {
    const blocker = createServer()
    const port = await listen(blocker, 0, "127.0.0.1")
    const { url, output } = await start({ port })
    expect(output).toContain(`Port ${port} is in use; ${new URL(url).port} is taken instead.`)
    expect((await fetch(url)).status).toBe(200)
    blocker.close()
  })

  test("prints each change once if its output is not a terminal", async () => {
    const { prints, put, setMode } = await start({ env: WITHOUT_WORKERD })
    await setMode({ kind: "hanging" })
    await put("/status", { id: "a tab", state: "open", sent: 7 })
    await prints(/^origin hanging \| tab open \|/m)
    await setMode({ kind: "healthy" })
    await prints(/^origin healthy \| .*$/m)
    const lines = demo!.output.split("\n").filter((line) => line.startsWith("origin "))
    expect(lines).toEqual(lines.filter((line, index) => line !== lines[index - 1]))
  })
})

describe("the Worker behind the page", () => {
  test("is reported as missing, with the reason, where workerd cannot run", async () => {
    const { url, status } = await start({ env: WITHOUT_WORKERD })
    await expect.poll(async () => (await status()).worker, LIMIT).toEqual({ kind: "missing", reason: expect.stringContaining("/nowhere") })
    expect((await fetch(url)).status).toBe(200)
  })

  test("stops calling a failing origin in all isolates, and serves a copy", async () => {
    const { prints, put, setMode, status } = await start()
    await prints(RUNNING)
    const states = async (): Promise<string[]> => {
      const { worker } = await status()
      return worker.kind === "running" ? worker.isolates.map(({ state }) => state) : [worker.kind]
    }
    const calls = async () => {
      const { worker, reached } = await status()
      if (worker.kind !== "running") throw new Error(worker.kind)
      return { ...worker.calls, reached: reached.worker, settled: worker.calls.answered + worker.calls.stale + worker.calls.rejected + worker.calls.failed }
    }
    await put("/worker-calls", { count: 20 })
    await expect.poll(calls, LIMIT).toMatchObject({ sent: 20, answered: 20, reached: 20 })

    await setMode({ kind: "failing", rate: 1 })
    await expect
      .poll(async () => {
        await put("/worker-calls", { count: 8 })
        return states()
      }, LIMIT)
      .toEqual(["open", "open", "open", "open"])
    await expect.poll(async () => (await calls()).sent - (await calls()).settled, LIMIT).toBe(0)
    const before = await calls()
    await put("/worker-calls", { count: 40 })
    await expect.poll(async () => (await calls()).settled - before.settled, LIMIT).toBe(40)
    const after = await calls()
    // One call may have been the probe.
    expect(after.reached - before.reached).toBeLessThanOrEqual(1)
    expect(after.stale - before.stale).toBeGreaterThanOrEqual(39)

    await setMode({ kind: "healthy" })
    await expect
      .poll(async () => {
        await put("/worker-calls", { count: 4 })
        return states()
      }, LIMIT)
      .toEqual(["closed", "closed", "closed", "closed"])
  })
})

describe("the server of the page", () => {
  test("takes the tour from healthy to down, and ends it when a mode is set by hand", async () => {
    const { put, setMode, status } = await start({ env: WITHOUT_WORKERD })
    expect((await status()).tour).toBeNull()
    await put("/tour", {})
    expect(await status()).toMatchObject({ mode: { kind: "healthy" }, tour: expect.stringContaining("well") })
    await expect.poll(status, LIMIT).toMatchObject({ mode: { kind: "failing", rate: 1 }, tour: expect.stringContaining("fails") })
    await setMode({ kind: "resetting" })
    expect(await status()).toMatchObject({ mode: { kind: "resetting" }, tour: null })
  })

  test("removes a tab that says goodbye", async () => {
    const { put, status, url } = await start({ env: WITHOUT_WORKERD })
    await put("/status", { id: "a tab", state: "open", sent: 7 })
    expect((await status()).tabs).toContainEqual({ id: "a tab", state: "open", sent: 7 })
    await fetch(`${url}/bye?id=a%20tab`, { method: "POST" })
    expect((await status()).tabs.map(({ id }) => id)).toEqual(["test"])
  })

  test("refuses invalid messages, and keeps working", async () => {
    const { put, url } = await start({ env: WITHOUT_WORKERD })
    const refused: readonly [string, unknown][] = [
      ["/mode", { kind: "asleep" }],
      ["/status", { id: "", state: "open", sent: 1 }],
      ["/status", { id: "a", state: "ajar", sent: 1 }],
      ["/status", { id: "a", state: "open", sent: -1 }],
      ["/worker-calls", { count: 101 }],
      ["/worker-calls", null],
    ]
    for (const [path, value] of refused) expect((await put(path, value)).status, `${path} ${JSON.stringify(value)}`).toBe(400)
    expect((await put("/nothing", {})).status).toBe(404)
    expect((await fetch(url)).status).toBe(200)
  })
})
