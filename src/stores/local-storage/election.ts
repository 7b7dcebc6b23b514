/**
 * Elects one tab among those of an origin as the leader.
 *
 * A lock around a read and a write does not make them atomic: another process may get the lock before it sees
 * the write. So the elected tab keeps its office for as long as it matters, and for a moment after its last
 * write.
 *
 * @module
 */

import type { WebStorage } from "./web-storage.ts"

/** The office of the leader, which this tab holds. */
export interface Office {
  /** Whether this tab still holds it: WebKit takes locks away from a page in the back/forward cache. */
  isHeld(): boolean
  /** Whether it is certain that no other tab has held it at the same time. */
  readonly sure: boolean
  resign(): void
}

// How many milliseconds a claim has to stand. The last of several claims wins, and a busy machine is slow to
// pass them on.
const CLAIM = 150

/**
 * @param term - The name of the term. A tab that holds the office of another term does not block this
 * election.
 * @param limit - Milliseconds after which a claim is ignored, since its tab may be gone.
 * @returns `undefined` when another tab holds it.
 */
export async function elect(name: string, term: string, storage: WebStorage, limit: number): Promise<Office | undefined> {
  // An insecure context has no locks.
  const { locks } = globalThis.navigator ?? {}
  try {
    if (locks) return await electByLock(locks, `${name} ${term}`)
  } catch {
    // The request was denied or failed, as it may in embedded browsers.
  }
  return electByClaim(storage, name, term, Math.max(limit, 2 * CLAIM))
}

function electByLock(locks: LockManager, name: string): Promise<Office | undefined> {
  return new Promise((resolve, reject) => {
    let held = true
    const lost = (error?: unknown): void => {
      held = false
      reject(error)
    }
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined)
        return new Promise<void>((release) => {
          resolve({ isHeld: () => held, sure: true, resign: release })
        })
      })
      .then(lost, lost)
  })
}

/** Writes a claim, waits, and checks that it has not been overwritten. */
async function electByClaim(
  storage: WebStorage,
  name: string,
  term: string,
  limit: number,
): Promise<Office | undefined> {
  const [claimed, claimedAt] = storage.getItem(name)?.split(" ") ?? []
  // A tab that crashed leaves its claim behind.
  if (claimed === term && Math.abs(Date.now() - Number(claimedAt)) <= limit) return undefined
  const own = `${term} ${Date.now()} ${Math.random()}`
  storage.setItem(name, own)
  await new Promise((resolve) => setTimeout(resolve, CLAIM))
  const isHeld = (): boolean => storage.getItem(name) === own
  if (!isHeld()) return undefined
  const resign = (): void => {
    try {
      if (isHeld()) storage.removeItem(name)
    } catch {
      // Then the claim expires.
    }
  }
  return { isHeld, sure: false, resign }
}
