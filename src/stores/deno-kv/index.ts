export { denoKvStore, type DenoKvSettings } from "./deno-kv-store.ts"
export type { DenoKv, KvEntry, KvTransaction } from "./kv.ts"
export type { KvSource } from "./kv-storage.ts"
