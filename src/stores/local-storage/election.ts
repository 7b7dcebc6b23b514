/**
 * Elects one tab among those of an origin.
 *
 * A lock around a read and a write does not make the two one step: storage may reach another process
 * after the lock does. So the elected tab holds its office for as long as it matters, and for a moment
 * after its last write.
 *
 * @module
 */

/** An office that this tab holds. */
export interface Office {
  /** Whether it still does: a tab that froze may have lost it. */
  readonly held: boolean
  resign(): void
}

// Storage and locks are known to agree after 20 ms.
const SETTLE = 50
const STALE = 10_000

/**
 * @param steal - Take the office from a tab that does not give it back.
 * @returns `undefined` when another tab holds it.
 */
export function elect(name: string, storage: Storage, steal: boolean): Promise<Office | undefined> {
  // There are none in an insecure context, and asking for one may be denied.
  const { locks } = globalThis.navigator ?? {}
  return locks ? electByLock(locks, name, steal) : electByClaim(storage, name, steal)
}

function electByLock(locks: LockManager, name: string, steal: boolean): Promise<Office | undefined> {
  return new Promise((resolve, reject) => {
    let held = true
    const lost = (error?: unknown): void => {
      held = false
      reject(error)
    }
    locks
      .request(name, steal ? { steal } : { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined)
        return new Promise<void>((release) => {
          const resign = (): void => void setTimeout(release, SETTLE)
          resolve({
            get held() {
              return held
            },
            resign,
          })
        })
      })
      .then(lost, lost)
  })
}

/** Writes its own name, waits, and looks whose name is there. */
async function electByClaim(storage: Storage, name: string, steal: boolean): Promise<Office | undefined> {
  const [claimedAt = 0] = storage.getItem(name)?.split(" ").map(Number) ?? []
  // A tab that crashed leaves its claim behind.
  if (!steal && Math.abs(Date.now() - claimedAt) < STALE) return undefined
  const own = `${Date.now()} ${Math.random()}`
  storage.setItem(name, own)
  await new Promise((resolve) => setTimeout(resolve, SETTLE))
  const holds = (): boolean => storage.getItem(name) === own
  if (!holds()) return undefined
  return {
    get held() {
      return holds()
    },
    resign: () => void setTimeout(() => holds() && storage.removeItem(name), SETTLE),
  }
}
