/** The listeners that are on a signal from now on. */
export function watchListeners(signal: AbortSignal): ReadonlySet<unknown> {
  const { addEventListener: add, removeEventListener: remove } = signal
  const present = new Set<unknown>()
  signal.addEventListener = (...args: unknown[]) => {
    present.add(args[1])
    add.apply(signal, args as Parameters<typeof add>)
  }
  signal.removeEventListener = (...args: unknown[]) => {
    present.delete(args[1])
    remove.apply(signal, args as Parameters<typeof remove>)
  }
  return present
}
