import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { expect, test } from "vitest"
import { bundle } from "./bundle.ts"
import { denoPath } from "./run-in-deno.ts"

const index = JSON.stringify(new URL("../../src/index.ts", import.meta.url).pathname)

async function outputOf(source: string): Promise<string> {
  const program = await bundle(source, { external: ["node:http"] })
  const { stdout } = await promisify(execFile)(denoPath, ["eval", "--no-config", "--no-lock", program])
  return stdout.trim()
}

test.each(["headers", "body"])("a server in Deno sends on what an origin has compressed, with settleOn %j", async (settleOn) => {
  const output = await outputOf(`
    import { wrapFetch } from ${index}
    const text = "text ".repeat(1_000)
    const packed = await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer()
    const serve = (handler) => "http://127.0.0.1:" + Deno.serve({ port: 0, onListen() {} }, handler).addr.port
    const origin = serve(() => new Response(packed, { headers: { "content-encoding": "gzip" } }))
    const safeFetch = wrapFetch(fetch, { settleOn: ${JSON.stringify(settleOn)} })
    const proxy = serve(() => safeFetch(origin))
    const arrived = await fetch(proxy).then((response) => response.text())
    console.log(arrived === text)
    Deno.exit()
  `)
  expect(output).toBe("true")
})

// Deno decodes neither, and a browser asks for both.
test.each(["deflate", "zstd"])("a server in Deno sends on as it is what an origin has compressed with %s", async (coding) => {
  const output = await outputOf(`
    import { wrapFetch } from ${index}
    import { get } from "node:http"
    const serve = (handler) => Deno.serve({ port: 0, onListen() {} }, handler).addr.port
    const origin = serve(() => new Response("packed", { headers: { "content-encoding": ${JSON.stringify(coding)} } }))
    const safeFetch = wrapFetch(fetch, { settleOn: "body" })
    const port = serve(() => safeFetch("http://127.0.0.1:" + origin))
    const { headers } = await new Promise((resolve) => get({ port }, resolve))
    console.log(headers["content-encoding"])
    Deno.exit()
  `)
  expect(output).toBe(coding)
})
