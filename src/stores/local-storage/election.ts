/**
 * Elects one tab among those of an origin.
 *
 * A lock around a read and a write does not make the two one step: storage may reach another process
 * after the lock does. So the elected tab holds its office for as long as it matters, and for a moment
 * after its last write.
 *
 * @module
 */

import type { WebStorage } from "./web-storage.ts"

/** An office that this tab holds. */
export interface Office {
  /** Whether it still does: WebKit takes locks from a page in the back/forward cache. */
  readonly held: boolean
  /** Whether nobody can have held it at the same time. */
  readonly sure: boolean
  resign(): void
}

// Nothing but time tells claims apart, and a busy machine is slow to pass them on.
const CLAIM = 150

/**
 * @param term - Nobody who held the office in another term is in the way.
 * @param limit - Milliseconds after which a claim may be from a tab that is gone.
 * @returns `undefined` when another tab holds it.
 */
export function elect(name: string, term: string, storage: WebStorage, limit: number): Promise<Office | undefined> {
  // There are none in an insecure context, and asking for one may be denied.
  const { locks } = globalThis.navigator ?? {}
  return locks ? electByLock(locks, `${name} ${term}`) : electByClaim(storage, name, term, Math.max(limit, 2 * CLAIM))
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
          resolve({
            get held() {
              return held
            },
            sure: true,
            resign: release,
          })
        })
      })
      .then(lost, lost)
  })
}

/** Writes its own name, waits, and looks whose name is there. */
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
  const holds = (): boolean => storage.getItem(name) === own
  if (!holds()) return undefined
  return {
    get held() {
      return holds()
    },
    sure: false,
    resign: release,
  }

  function release(): void {
    try {
      if (holds()) storage.removeItem(name)
    } catch {
      // It lapses.
    }
  }
}
