/** A `Storage` in memory, one for all "tabs" of a test; it sends no events, as none comes to its writer. */
export class FakeStorage implements Storage {
  readonly items = new Map<string, string>()
  writes = 0
  get length(): number {
    return this.items.size
  }
  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.items.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    this.writes += 1
    this.items.set(key, value)
  }
  removeItem(key: string): void {
    this.items.delete(key)
  }
  clear(): void {
    this.items.clear()
  }
}
