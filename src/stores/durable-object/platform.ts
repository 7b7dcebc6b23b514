/**
 * The part of Cloudflare's platform that is used, declared by its shape: the package needs neither
 * Cloudflare's types nor its modules, and loads everywhere.
 *
 * @module
 */

/** A binding to the class that {@link breakerObject} made: a `DurableObjectNamespace`. */
export interface BreakerNamespace {
  /** The id of the object of that name. */
  idFromName(name: string): unknown
  /** A stub of that object. */
  get(id: any): BreakerStub
}

/** A `DurableObjectStub`. It can be used only in the request in which it was made. */
export interface BreakerStub {
  /** Sends a request to the object. */
  fetch(url: string, init: { method: string; body: string; signal: AbortSignal }): Promise<StubResponse>
}

/** The part of a response that is used. */
export interface StubResponse {
  /** 200 when the body is a verdict. */
  readonly status: number
  /** The body. */
  text(): Promise<string>
}

/** The part of a `DurableObjectState` that is used. */
export interface ObjectContext {
  /** The storage, which survives the object's eviction. */
  readonly storage: {
    get(key: string): Promise<unknown>
    put(key: string, value: unknown): Promise<unknown>
  }
}
