/** Rejects when `promise` has not settled after `limitMs`; what happens to it then is ignored. */
export async function withDeadline<T>(
  promise: Promise<T>,
  limitMs: number,
  what: string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`${what} took longer than ${Math.round(limitMs)} ms`)
    timer = setTimeout(() => reject(error), limitMs)
  })
  promise.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
