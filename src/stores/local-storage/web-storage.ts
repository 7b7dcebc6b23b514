/** The part of a `Storage` that is used. Declared here, since the types of a worker do not have that name. */
export interface WebStorage {
  /** `null` when there is nothing under `key`. */
  getItem(key: string): string | null
  /** Throws when the storage is full. */
  setItem(key: string, value: string): void
  /** Does nothing when there is nothing under `key`. */
  removeItem(key: string): void
}
