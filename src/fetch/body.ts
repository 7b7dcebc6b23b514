/**
 * A response whose body is watched: the same to its reader, and it tells how the body ended.
 *
 * @module
 */

/** A response, and a promise that settles with its body. */
export interface WatchedResponse {
  readonly response: Response
  /** Fulfils once the body was read to its end or cancelled; rejects when it breaks off. */
  readonly ended: Promise<void>
}

// Responses with these have no body, though some browsers give them an empty one (Fetch, "null body status").
const NULL_BODY = [204, 205, 304]

/**
 * Watches the body of `original`, which must not be used any more then; `undefined` when it has none.
 *
 * @param counted - Settles when the breaker has taken note of how the body ended; its reader learns of
 * the end after that.
 */
export function watchBody(original: Response, counted: () => Promise<unknown>): WatchedResponse | undefined {
  const { body, status, statusText, headers } = original
  // What a Response cannot be made of: an opaque one, or a status that no standard knows.
  const unusual = status < 200 || status > 599
  if (!body || unusual || NULL_BODY.includes(status)) return undefined
  const reader = body.getReader()
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const ended = new Promise<void>((...settle) => {
    ;[resolve, reject] = settle
  })
  const noted = (): Promise<unknown> => counted().catch(() => {})
  const watched = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          resolve()
          await noted()
          controller.close()
        } catch (error) {
          reject(error)
          await noted()
          controller.error(error)
        }
      },
      cancel(reason) {
        resolve()
        return reader.cancel(reason)
      },
    },
    // Read what is asked for, and no chunk ahead.
    { highWaterMark: 0 },
  )
  return { response: resemble(new Response(watched, { status, statusText, headers }), original), ended }
}

/** Gives a response the properties that only `fetch` can set, and its clones too. */
function resemble(response: Response, { url, redirected, type }: Response): Response {
  const clone = (): Response => resemble(Response.prototype.clone.call(response), response)
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: clone },
  })
}
