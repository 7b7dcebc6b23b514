/**
 * Watches the body of a response: its reader gets an equivalent response, and the breaker learns how the body
 * ended.
 *
 * @module
 */

// Responses with these statuses have no body, though some browsers give them an empty one (Fetch, "null body
// status").
const NULL_BODY = [204, 205, 304]
const READERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const

/**
 * Watches the body of `original`, which must not be used afterwards. Fulfils once the body has been read to its
 * end or cancelled, or at once when there is none that can be watched; rejects when it breaks off.
 *
 * @param arrived - Gets the response for the reader of the body.
 * @param counted - Settles once the breaker has counted the call; the reader learns of the end of the body
 * after that. When the body broke off or the call was given up, it rejects with the error for the reader.
 */
export async function watchBody(
  original: Response,
  arrived: (response: Response) => void,
  counted: () => Promise<unknown>,
): Promise<Response> {
  // A fetch that is not the platform's may give no response, or a body that is not a web stream.
  const body = (original as Response | undefined)?.body
  if (typeof body?.getReader !== "function" || body.locked || original.bodyUsed) return original
  const { status, statusText, headers } = original
  // `new Response` refuses these: the status of an opaque response, and statuses outside the standard.
  const unusual = status < 200 || status > 599
  if (unusual || NULL_BODY.includes(status)) return original
  const reader = body.getReader()
  let failure: { readonly error: unknown } | undefined
  const rethrow = (error: unknown): never => {
    throw failure ? failure.error : error
  }
  return new Promise((resolve, reject) => {
    const watched = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          counted().catch((error: unknown) => {
            failure = { error }
            controller.error(error)
            // Ends the download also when `fetch` ignores its signal.
            reader.cancel(error).catch(() => {})
          })
        },
        async pull(controller) {
          try {
            const { done, value } = await reader.read()
            if (!done) return controller.enqueue(value)
            resolve(response)
            await counted()
            controller.close()
          } catch (error) {
            reject(error)
          }
        },
        cancel(reason) {
          resolve(response)
          return reader.cancel(reason)
        },
      },
      // Read a chunk only when the reader asks for it, and none ahead.
      { highWaterMark: 0 },
    )
    const response = resemble(new Response(watched, { status, statusText, headers }), original, rethrow)
    // Deno has decoded the body, for these two, and knows that of a response of its own that a server sends on, but not
    // of another. What it has not decoded is sent on as it is.
    if ("Deno" in globalThis && /^(gzip|br)$/i.test(headers.get("content-encoding") ?? "")) {
      response.headers.delete("content-encoding")
      response.headers.delete("content-length")
    }
    arrived(response)
  })
}

/**
 * Gives a response, and its clones, the properties that only `fetch` can set.
 *
 * @param rethrow - Called when a method that reads the whole body rejects. It throws the original error:
 * engines replace the error of a stream that is not their own.
 */
function resemble(response: Response, original: Response, rethrow: (error: unknown) => never): Response {
  // Each may be assigned and defined anew: HTTP clients replace methods.
  const define = (name: keyof Response, value: unknown): void =>
    void Object.defineProperty(response, name, { value, writable: true, configurable: true })
  for (const name of ["url", "redirected", "type"] as const) define(name, original[name])
  define("clone", () => resemble(Response.prototype.clone.call(response), response, rethrow))
  for (const name of READERS) {
    const read: (() => Promise<unknown>) | undefined = response[name]
    if (read) define(name, () => read.call(response).catch(rethrow))
  }
  return response
}
