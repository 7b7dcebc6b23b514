/** What is done with a `Retry-After` header. */
export interface RetryAfterSettings {
  /**
   * No header can ask for longer; milliseconds.
   *
   * @defaultValue 300 000
   */
  readonly max?: number | undefined
  /**
   * The wait is longer by a random share of itself, up to this one, from 0 to 1: a header that many
   * clients obey to the second brings all of them back at once.
   *
   * @defaultValue 0.25
   */
  readonly jitter?: number | undefined
}

const DEFAULT_MAX = 300_000
const DEFAULT_JITTER = 0.25

/**
 * The milliseconds for which a 429 or 503 asks to be left alone (RFC 9110 section 10.2.3, RFC 6585
 * section 4), capped, then jittered upwards; `undefined` when it does not ask.
 */
export function retryAfterOf(response: Response, settings: RetryAfterSettings = {}): number | undefined {
  if (response.status !== 429 && response.status !== 503) return undefined
  const { headers } = response
  // The server's own clock, where it can be read: the client's may be off by hours.
  const date = Date.parse(headers.get("date") ?? "")
  const wait = parseRetryAfter(headers.get("retry-after"), Number.isNaN(date) ? Date.now() : date)
  if (wait === undefined) return undefined
  const { max = DEFAULT_MAX, jitter = DEFAULT_JITTER } = settings
  return Math.min(wait, max) * (1 + jitter * Math.random())
}

/**
 * A `Retry-After` value as milliseconds from `now`: a number of seconds, or an HTTP date. A date that
 * is over gives 0, anything else `undefined`.
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
