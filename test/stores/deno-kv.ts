import type { DenoKv } from "../../src/stores/deno-kv/index.ts"

/** The part of `Deno.Kv` that the tests use, since no package has Deno's own types. */
export interface Kv extends DenoKv {
  set(key: readonly string[], value: unknown): Promise<unknown>
  close(): void
}

/** Opens a database: a new one in memory, or that of a file. */
export function openKv(path: string): Promise<Kv> {
  const { Deno } = globalThis as unknown as { Deno: { openKv(path: string): Promise<Kv> } }
  return Deno.openKv(path)
}
