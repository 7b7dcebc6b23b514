/** What a soak came to. */
export interface SoakResult {
  readonly outages: number
  readonly calls: number
  readonly rejected: number
  /** Calls that the origin counted. */
  readonly reached: number
  /** Bytes after a collection, from the first to the last. */
  readonly heaps: readonly number[]
  /** Rejections that nobody has handled. */
  readonly unhandled: number
  /** What else went wrong, in words. */
  readonly violations: readonly string[]
}
