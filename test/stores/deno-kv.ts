import type { DenoKv } from "../../src/stores/deno-kv/index.ts"

/** What the tests use of a `Deno.Kv`: Deno's own types are no package. */
export interface Kv extends DenoKv {
  set(key: readonly string[], value: unknown): Promise<unknown>
  close(): void
}

/** Opens a database: one of its own in memory, or the one in a file. */
export function openKv(path: string): Promise<Kv> {
  const { Deno } = globalThis as unknown as { Deno: { openKv(path: string): Promise<Kv> } }
  return Deno.openKv(path)
}
