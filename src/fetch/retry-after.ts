/** How a `Retry-After` header is used. */
export interface RetryAfterSettings {
  /**
   * The longest wait that a header can ask for, before `jitter`, in milliseconds.
   *
   * @defaultValue 300 000
   */
  readonly max?: number | undefined
  /**
   * The wait is lengthened by a random share of itself, of at most `jitter`; from 0 to 1. Many clients that
   * obey a header to the second would all come back at once.
   *
   * @defaultValue 0.25
   */
  readonly jitter?: number | undefined
}

const DEFAULT_MAX = 300_000
const DEFAULT_JITTER = 0.25

/**
 * The wait that a 429 or 503 asks for (RFC 9110 section 10.2.3, RFC 6585 section 4), in milliseconds, capped,
 * then lengthened by jitter; `undefined` when it asks for none.
 */
export function retryAfterOf(response: Response, settings: RetryAfterSettings = {}): number | undefined {
  if (response.status !== 429 && response.status !== 503) return undefined
  const { headers } = response
  // Compare with the server's clock, where it can be read: the client's may be off by hours.
  const date = Date.parse(headers.get("date") ?? "")
  const wait = parseRetryAfter(headers.get("retry-after"), Number.isNaN(date) ? Date.now() : date)
  if (wait === undefined) return undefined
  const { max = DEFAULT_MAX, jitter = DEFAULT_JITTER } = settings
  return Math.min(wait, max) * (1 + jitter * Math.random())
}

/**
 * A `Retry-After` value as milliseconds from `now`: a number of seconds, or an HTTP date. A date in the past
 * gives 0, any other value `undefined`.
 *
 * @param now - Milliseconds since 1970.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? ""
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  // Date.parse takes "2" or "May" for a date; the dates of HTTP begin with the day of the week.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(at - now, 0)
}
