import type { BreakerNamespace, BreakerObject, BreakerObjectClass } from "../../src/stores/durable-object/index.ts"

type Handle = (request: Request, object: BreakerObject) => Promise<Response>

/** A namespace of Durable Objects in this process. Each stub serves one exchange, as stubs should. */
export class FakeObjects implements BreakerNamespace {
  /** What all objects have stored, by object and key. */
  readonly stored = new Map<string, unknown>()
  /** Bodies of all requests. */
  readonly received: string[] = []
  puts = 0
  /** Handles each request between a stub and its object. */
  handle: Handle = (request, object) => object.fetch(request)
  readonly #objectClass: BreakerObjectClass
  readonly #live = new Map<string, BreakerObject>()

  constructor(objectClass: BreakerObjectClass) {
    this.#objectClass = objectClass
  }

  idFromName(name: string): string {
    return name
  }

  get(id: string): ReturnType<BreakerNamespace["get"]> {
    let used = false
    return {
      fetch: async (url, init) => {
        if (used) throw new Error("This stub belongs to another request")
        used = true
        this.received.push(init.body)
        return this.handle(new Request(url, { method: init.method, body: init.body }), this.#object(id))
      },
    }
  }

  /** Removes all objects from memory. */
  evict(): void {
    this.#live.clear()
  }

  #object(id: string): BreakerObject {
    const storage = {
      get: async (key: string) => structuredClone(this.stored.get(`${id} ${key}`)),
      put: async (key: string, value: unknown) => {
        this.puts += 1
        this.stored.set(`${id} ${key}`, structuredClone(value))
      },
    }
    const object = this.#live.get(id) ?? new this.#objectClass({ storage })
    this.#live.set(id, object)
    return object
  }
}
