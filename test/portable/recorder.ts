/** The runtime's own `fetch`, with a record of its arguments, responses and errors. */
export interface Recorder {
  readonly fetch: typeof globalThis.fetch
  readonly calls: { readonly input: RequestInfo | URL; readonly init: RequestInit | undefined }[]
  readonly responses: Response[]
  readonly errors: unknown[]
}

const own = globalThis.fetch.bind(globalThis)

export function recorder(): Recorder {
  const calls: Recorder["calls"] = []
  const responses: Response[] = []
  const errors: unknown[] = []
  return {
    calls,
    responses,
    errors,
    fetch: async (input, init) => {
      calls.push({ input, init })
      try {
        const response = await own(input, init)
        responses.push(response)
        return response
      } catch (error) {
        errors.push(error)
        throw error
      }
    },
  }
}
