/**
 * The part of `Deno.Kv` that is used, declared by its shape: the package does not need Deno's types, and
 * loads everywhere.
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

/** The entry of a key. */
export interface KvEntry {
  /** `null` when there is nothing. */
  readonly value: unknown
  /** Changes with each write; `null` when there is nothing. */
  readonly versionstamp: string | null
}

/** Writes that are made together, or not at all when one of the checks fails. */
export interface KvTransaction {
  /** The transaction fails if the entry has been written since that version. */
  check(entry: { key: readonly string[]; versionstamp: string | null }): KvTransaction
  /** Writes an entry. After `expireIn` milliseconds it may be deleted. */
  set(key: readonly string[], value: unknown, options: { expireIn: number }): KvTransaction
  /** Executes the transaction; not `ok` when a check failed. */
  commit(): Promise<{ readonly ok: boolean }>
}
