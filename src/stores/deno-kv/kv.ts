/**
 * What is used of a `Deno.Kv`, by its shape: the package needs none of Deno's types, and loads everywhere.
 *
 * @module
 */

/** A key-value store whose entries have versions: a `Deno.Kv`. */
export interface DenoKv {
  /** Reads what is under `key`, as it is now. */
  get(key: readonly string[]): Promise<KvEntry>
  /** Begins a transaction. */
  atomic(): KvTransaction
}

/** What is under a key. */
export interface KvEntry {
  /** `null` when there is nothing. */
  readonly value: unknown
  /** Changes with each write; `null` when there is nothing. */
  readonly versionstamp: string | null
}

/** Writes that are made together, or not at all when one of the checks fails. */
export interface KvTransaction {
  /** Demands that nobody has written since that version. */
  check(entry: { key: readonly string[]; versionstamp: string | null }): KvTransaction
  /** `expireIn`: milliseconds after which the entry may be deleted. */
  set(key: readonly string[], value: unknown, options: { expireIn: number }): KvTransaction
  /** Does it; not `ok` when a check failed. */
  commit(): Promise<{ readonly ok: boolean }>
}
