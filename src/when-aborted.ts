/**
 * The callbacks of one signal, and the listener that calls them. The listener is made here, where it refers to
 * nothing else: one that is made in `whenAborted` would keep the first callback, and the response of its call, as long
 * as there is another callback.
 */
class Followers extends Set<() => void> {
  readonly listener = (): void => this.forEach((callback) => callback())
}

// The followers of each signal that has any.
const all = new WeakMap<AbortSignal, Followers>()

/**
 * Calls `callback` when `signal` is aborted. All callbacks share one listener: Node warns of a leak when a
 * signal has more than ten listeners, and removing a listener takes longer the more there are.
 *
 * @returns a function that removes the callback, to be called once.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  let followers = all.get(signal)
  if (!followers) {
    all.set(signal, (followers = new Followers()))
    signal.addEventListener("abort", followers.listener)
  }
  followers.add(callback)
  return () => {
    followers.delete(callback)
    if (followers.size > 0) return
    all.delete(signal)
    signal.removeEventListener("abort", followers.listener)
  }
}

/** Whether `value` is a signal. Checked by its shape, since it may come from another realm. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof (value as AbortSignal | null | undefined)?.addEventListener === "function"
}
