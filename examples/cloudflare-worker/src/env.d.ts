// What `wrangler types` would write, as far as it is used here.
interface Env {
  /** The origin to protect, without a path. */
  readonly ORIGIN: string
  readonly BREAKERS: import("webbreaker/durable-object").BreakerNamespace
  /** Opens `/__breakers`; without it there is no such page. */
  readonly STATUS_SECRET?: string
}

declare module "cloudflare:workers" {
  export const env: Env
  export function waitUntil(promise: Promise<unknown>): void
}
