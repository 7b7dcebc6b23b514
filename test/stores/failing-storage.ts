import { FakeStorage } from "./fake-storage.ts"

/** A `Storage` that fails while `broken` is set: at every access ("denied"), or at every write ("full"). */
export class FailingStorage extends FakeStorage {
  broken: "denied" | "full" | undefined

  override getItem(key: string): string | null {
    if (this.broken === "denied") throw new DOMException("The operation is insecure.", "SecurityError")
    return super.getItem(key)
  }

  override setItem(key: string, value: string): void {
    if (this.broken === "denied") throw new DOMException("The operation is insecure.", "SecurityError")
    if (this.broken === "full") throw new DOMException("The quota has been exceeded.", "QuotaExceededError")
    super.setItem(key, value)
  }
}
