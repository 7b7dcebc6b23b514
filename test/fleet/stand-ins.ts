/**
 * Stands in for objects of the platform that cost Node many times what the code under simulation costs.
 * They do what that code asks of them, and no more.
 */

export class LightAbortController {
  readonly signal: { aborted: boolean; reason: unknown } = { aborted: false, reason: undefined }

  abort(reason: unknown): void {
    this.signal.aborted = true
    this.signal.reason = reason
  }
}

export class LightResponse {
  readonly status: number
  readonly headers = new Map<string, string>()
  readonly #body: string

  constructor(body: string | null, init?: { readonly status?: number }) {
    this.#body = body ?? ""
    this.status = init?.status ?? 200
  }

  async text(): Promise<string> {
    return this.#body
  }
}
