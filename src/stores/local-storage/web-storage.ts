/** What is used of a `Storage`; by its shape, since the types of a worker have no such name. */
export interface WebStorage {
  /** `null` when there is nothing under `key`. */
  getItem(key: string): string | null
  /** Throws when it is full. */
  setItem(key: string, value: string): void
  /** Does nothing when there is nothing under `key`. */
  removeItem(key: string): void
}
