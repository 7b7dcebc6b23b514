/** The part of Web Locks that is used: a lock is free or it is not. As in browsers, the answer comes later. */
export function fakeLocks(): Pick<LockManager, "request"> {
  const held = new Set<string>()
  const request = async (name: string, _: unknown, use: (lock: object | null) => unknown): Promise<unknown> => {
    await null
    if (held.has(name)) return use(null)
    held.add(name)
    try {
      return await use({})
    } finally {
      held.delete(name)
    }
  }
  return { request } as Pick<LockManager, "request">
}
