import { build } from "esbuild"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"

/** Starts the origin, which serves `page.ts` at `/page` and below. With `?locks=none` the page has no Web Locks. */
export async function startSite(): Promise<Origin> {
  const result = await build({
    entryPoints: [new URL("page.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
  })
  const script = result.outputFiles[0]!.text
  const withoutLocks = `if (location.search.includes("locks=none"))
    Object.defineProperty(navigator, "locks", { value: undefined })`
  const body = `<!doctype html><title>tab</title><script>${withoutLocks}\n${script.replaceAll("</", "<\\/")}</script>`
  // The default `no-store` of the origin would keep pages out of the back/forward cache.
  const page = { type: "text/html", body, headers: { "Cache-Control": "max-age=0" } }
  return startOrigin({ files: (path) => (path.startsWith("/page") ? page : undefined) })
}
