import type { BreakerRegistry } from "webbreaker"

/** Answers with the breakers of this isolate as JSON, if the request carries the secret. */
export async function showBreakers(
  request: Request,
  breakers: BreakerRegistry,
  secret: string | undefined,
): Promise<Response> {
  if (!secret) return new Response("Not found", { status: 404 })
  const given = request.headers.get("authorization") ?? ""
  if (!(await isSame(given, `Bearer ${secret}`))) {
    return new Response("Unauthorized", { status: 401, headers: { "www-authenticate": "Bearer" } })
  }
  const shown = [...breakers].map(([origin, breaker]) => {
    const { state, retryAfter, counts } = breaker
    return [origin, { state, retryAfter, counts }]
  })
  return Response.json(Object.fromEntries(shown), { headers: { "cache-control": "no-store" } })
}

/** Compares in constant time, so that a secret cannot be found letter by letter. */
async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([digest(one), digest(other)])
  let difference = 0
  a.forEach((byte, index) => (difference |= byte ^ (b[index] ?? 0)))
  return difference === 0
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))
}
