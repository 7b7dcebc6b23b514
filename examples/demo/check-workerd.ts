import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { promisify } from "node:util"

/**
 * Sees whether workerd runs here at all. Of one that does not, as on a system without its C library,
 * miniflare tells by an error that nobody can catch.
 *
 * @throws what starting it came to.
 */
export async function checkWorkerd(): Promise<void> {
  const require = createRequire(import.meta.url)
  const path = process.env["MINIFLARE_WORKERD_PATH"] ?? createRequire(require.resolve("miniflare"))("workerd").default
  await promisify(execFile)(path, ["--version"])
}
