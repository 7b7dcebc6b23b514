/** The runtime that runs this, with its version. */
export function runtimeVersion(): string {
  const { Deno, Bun, process, navigator } = globalThis as any
  if (Deno) return `Deno ${Deno.version.deno}`
  if (Bun) return `Bun ${Bun.version}`
  if (process) return `Node ${process.versions.node}`
  return navigator.userAgent.replace(/.*(Chrome|Firefox)\/(\d+).*/, "$1 $2").replace("Chrome", "Chromium")
}
