/** The client in a Worker. It is made at the top level, and called in one request after the other. */
import { fileURLToPath } from "node:url"
import { bundle } from "../runtimes/bundle.ts"
import { workerdWith } from "../runtimes/workerd-with.ts"
import { heapOfWorker } from "./heap-of-worker.ts"
import type { Subject } from "./subject.ts"

const path = (file: string): string => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)))

const worker = (url: string): string => `
import { createClient } from ${path("client.ts")}
import { settings } from ${path("settings.ts")}
const client = createClient(${JSON.stringify(url)}, settings, (input, init) => fetch(input, init))
let unhandled = 0
addEventListener("unhandledrejection", () => (unhandled += 1))
const routes = {
  "/call": () => client.call(),
  "/tally": () => client.tally(),
  "/unhandled": () => unhandled,
}
export default {
  async fetch(request) {
    return Response.json((await routes[new URL(request.url).pathname]()) ?? null)
  },
}`

export async function workerdSubject(url: string): Promise<Subject> {
  const code = await bundle(worker(url))
  const workerd = await workerdWith({ workers: [{ name: "client", code }], inspect: true })
  const ask = async (route: string): Promise<any> => {
    const response = await workerd.fetch("client", route)
    if (response.status !== 200) throw new Error(`${route}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  return {
    name: "workerd",
    call: () => ask("/call"),
    tally: () => ask("/tally"),
    heapUsed: async () => heapOfWorker(await workerd.miniflare.getInspectorURL(), "client"),
    unhandled: () => ask("/unhandled"),
    [Symbol.asyncDispose]: () => workerd.dispose(),
  }
}
