/** The timed calls, in loops that wait for each call. */

const error = new Error("made beforehand")

export const succeed = async (): Promise<number> => 1
export const fail = async (): Promise<never> => {
  throw error
}

type Loop = (calls: number) => Promise<void>

export function loop(call: () => Promise<unknown>): Loop {
  return async (calls) => {
    for (let i = 0; i < calls; i++) await call()
  }
}

/** The same for calls that reject. */
export function catching(call: () => Promise<unknown>): Loop {
  return async (calls) => {
    for (let i = 0; i < calls; i++) {
      try {
        await call()
      } catch {}
    }
  }
}
