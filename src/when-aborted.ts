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
 * @returns a function that removes the callback, to be called once.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = all.get(signal) ?? follow(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0) return
    all.delete(signal)
    signal.removeEventListener("abort", listener)
  }
}

// A separate function: the closures of one call share what they refer to, so that the listener would keep the first
// callback, and the response of its call, as long as there is another callback.
function follow(signal: AbortSignal): Followers {
  const callbacks = new Set<() => void>()
  const followers = { callbacks, listener: () => callbacks.forEach((callback) => callback()) }
  all.set(signal, followers)
  signal.addEventListener("abort", followers.listener)
  return followers
}

/** Whether `value` is a signal. Checked by its shape, since it may come from another realm. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof (value as AbortSignal | null | undefined)?.addEventListener === "function"
}
