interface Followers {
  readonly callbacks: Set<() => void>
  readonly listener: () => void
}

// The callbacks of each signal that has any.
const all = new WeakMap<AbortSignal, Followers>()

/**
 * Calls `callback` when `signal` is aborted. All callbacks share one listener: Node warns of a leak when a
 * signal has more than ten listeners, and removing a listener takes longer the more there are.
 *
 * @returns a function that removes the callback.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const followers = all.get(signal) ?? follow(signal)
  followers.callbacks.add(callback)
  return () => {
    followers.callbacks.delete(callback)
    if (followers.callbacks.size > 0 || all.get(signal) !== followers) return
    all.delete(signal)
    signal.removeEventListener("abort", followers.listener)
  }
}

function follow(signal: AbortSignal): Followers {
  const callbacks = new Set<() => void>()
  const listener = (): void => callbacks.forEach((callback) => callback())
  const followers = { callbacks, listener }
  all.set(signal, followers)
  signal.addEventListener("abort", listener)
  return followers
}

/** Whether `value` is a signal. Checked by its shape, since it may come from another realm. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof (value as AbortSignal | null | undefined)?.addEventListener === "function"
}
