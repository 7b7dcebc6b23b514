// The part of the output of `wrangler types` that is used here.
interface Env {
  /** The origin to protect, without a path. */
  readonly ORIGIN: string
  readonly BREAKERS: import("webbreaker/durable-object").BreakerNamespace
  /** The bearer token for `/__breakers`. Without it there is no such page. */
  readonly STATUS_SECRET?: string
}

declare module "cloudflare:workers" {
  export const env: Env
  export function waitUntil(promise: Promise<unknown>): void
}
