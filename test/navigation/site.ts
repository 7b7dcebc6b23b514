import { build, type Plugin } from "esbuild"
import { startOrigin, type Origin } from "../../examples/origin/origin.ts"

/** Builds the package without the guard against failures of a page that is being left. */
const withoutGuard: Plugin = {
  name: "without-guard",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/fetch\/leaving\.ts$/ }, () => ({
      contents: "export const watchLeaving = () => {}; export const isLeaving = () => false",
    }))
  },
}

async function script(entry: string, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL(entry, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    plugins,
  })
  return outputFiles[0]!.text
}

const html = (script: string): string =>
  `<!doctype html><title>page</title><body><script>${script.replaceAll("</", "<\\/")}</script>`

/**
 * The origin, which serves `page.ts` at `/page/...`: without the guard where the path has `unguarded`,
 * kept out of the back/forward cache where it has `no-store`. `/download` is a file to save, and
 * `/service-worker.js` is `service-worker.ts`.
 */
export async function startSite(): Promise<Origin> {
  const guarded = html(await script("page.ts"))
  const unguarded = html(await script("page.ts", [withoutGuard]))
  const worker = await script("service-worker.ts")
  return startOrigin({
    files(path) {
      if (path === "/service-worker.js") return { type: "text/javascript", body: worker }
      if (path === "/download") {
        const headers = { "Content-Disposition": 'attachment; filename="file.bin"' }
        return { type: "application/octet-stream", body: "to be saved", headers }
      }
      if (!path.startsWith("/page/")) return undefined
      const body = path.includes("unguarded") ? unguarded : guarded
      return { type: "text/html", body, headers: { "Cache-Control": path.includes("no-store") ? "no-store" : "max-age=0" } }
    },
  })
}
