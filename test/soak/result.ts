/** The result of a soak test. */
export interface SoakResult {
  readonly outages: number
  readonly calls: number
  readonly rejected: number
  /** Calls that the origin counted. */
  readonly reached: number
  /** Bytes after a collection, from the first to the last. */
  readonly heaps: readonly number[]
  /** Unhandled rejections. */
  readonly unhandled: number
  /** Descriptions of all other errors. */
  readonly violations: readonly string[]
}
