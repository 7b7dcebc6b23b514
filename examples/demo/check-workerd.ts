import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { promisify } from "node:util"

/**
 * Checks whether workerd can run here at all. It cannot on a system without its C library, for example, and
 * the error that miniflare then raises cannot be caught.
 *
 * @throws the error of starting workerd.
 */
export async function checkWorkerd(): Promise<void> {
  const require = createRequire(import.meta.url)
  const path = process.env["MINIFLARE_WORKERD_PATH"] ?? createRequire(require.resolve("miniflare"))("workerd").default
  await promisify(execFile)(path, ["--version"])
}
