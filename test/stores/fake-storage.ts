/**
 * A `Storage` in memory that all "tabs" of a test share. It sends no events, as the writer of a change gets none. Its
 * own properties are its keys, as those of a real one are.
 */
export class FakeStorage implements Storage {
  readonly items = new Map<string, string>()
  writes = 0
  constructor() {
    return new Proxy(this, {
      ownKeys: ({ items }) => [...items.keys()],
      getOwnPropertyDescriptor: ({ items }, key) =>
        items.has(String(key)) ? { value: items.get(String(key)), enumerable: true, configurable: true } : undefined,
    })
  }
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
