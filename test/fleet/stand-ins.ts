/**
 * Replacements for objects of the platform, which take Node many times as long as the code under simulation.
 * They do only what that code needs.
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
