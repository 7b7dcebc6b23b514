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
const READERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const

/**
 * Watches the body of `original`, which must not be used any more then; `undefined` when it has none that
 * could be watched.
 *
 * @param counted - Settles when the breaker has taken note of how the body ended; its reader learns of
 * the end after that. Rejects, when the body broke off or the call was given up, with what the reader gets.
 */
export function watchBody(original: Response, counted: () => Promise<unknown>): WatchedResponse | undefined {
  const { body, status, statusText, headers } = original
  // What a Response cannot be made of: an opaque one, or a status that no standard knows.
  const unusual = status < 200 || status > 599
  if (!body || body.locked || original.bodyUsed || unusual || NULL_BODY.includes(status)) return undefined
  const reader = body.getReader()
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const ended = new Promise<void>((...settle) => {
    ;[resolve, reject] = settle
  })
  let failure: { readonly error: unknown } | undefined
  const watched = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        counted().catch((error: unknown) => {
          failure = { error }
          controller.error(error)
          // For a fetch that does not heed its signal.
          reader.cancel(error).catch(() => {})
        })
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          resolve()
          await counted()
          controller.close()
        } catch (error) {
          reject(error)
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
  const rethrow = (error: unknown): never => {
    throw failure ? failure.error : error
  }
  return { response: resemble(new Response(watched, { status, statusText, headers }), original, rethrow), ended }
}

/**
 * Gives a response the properties that only `fetch` can set, and its clones too.
 *
 * @param rethrow - Gets what reading all of the body rejects with: for the error of a stream that is not
 * its own an engine puts another one there.
 */
function resemble(response: Response, { url, redirected, type }: Response, rethrow: (error: unknown) => never): Response {
  const clone = (): Response => resemble(Response.prototype.clone.call(response), response, rethrow)
  const properties: PropertyDescriptorMap = {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: clone },
  }
  for (const name of READERS) {
    const read: (() => Promise<unknown>) | undefined = response[name]
    // Clients put methods of their own there.
    if (read) properties[name] = { value: () => read.call(response).catch(rethrow), writable: true, configurable: true }
  }
  return Object.defineProperties(response, properties)
}
