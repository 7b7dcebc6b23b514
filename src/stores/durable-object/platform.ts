/**
 * What is used of Cloudflare's platform, by its shape: the package needs neither its types nor its
 * modules, and loads everywhere.
 *
 * @module
 */

/** A binding to the class that {@link breakerObject} made: a `DurableObjectNamespace`. */
export interface BreakerNamespace {
  /** The id of the object of that name. */
  idFromName(name: string): unknown
  /** A way to that object. */
  get(id: any): BreakerStub
}

/** A `DurableObjectStub`. It belongs to the request in which it was got. */
export interface BreakerStub {
  /** Sends a request to the object. */
  fetch(url: string, init: { method: string; body: string; signal: AbortSignal }): Promise<StubResponse>
}

/** What is looked at of a response. */
export interface StubResponse {
  /** 200 when it is an answer. */
  readonly status: number
  /** The answer. */
  text(): Promise<string>
}

/** What the object is given: a `DurableObjectState`. */
export interface ObjectContext {
  /** What survives the object's eviction. */
  readonly storage: {
    get(key: string): Promise<unknown>
    put(key: string, value: unknown): Promise<unknown>
  }
}
