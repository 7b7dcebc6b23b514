/**
 * What is used of Cloudflare's platform, by its shape: the package needs neither its types nor its
 * modules, and loads everywhere.
 *
 * @module
 */

/** A binding to the class that {@link breakerObject} made: a `DurableObjectNamespace`. */
export interface BreakerNamespace {
  idFromName(name: string): unknown
  get(id: any): BreakerStub
}

/** A `DurableObjectStub`. It belongs to the request in which it was got. */
export interface BreakerStub {
  fetch(url: string, init: { method: string; body: string; signal: AbortSignal }): Promise<StubResponse>
}

/** What is looked at of a response. */
export interface StubResponse {
  readonly status: number
  text(): Promise<string>
}

/** What the object is given: a `DurableObjectState`. */
export interface ObjectContext {
  readonly storage: {
    get(key: string): Promise<unknown>
    put(key: string, value: unknown): Promise<unknown>
  }
}
