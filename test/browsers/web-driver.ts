/** A plain HTTP client of one WebDriver server and its one session. */
export interface WebDriver {
  readonly version: string

  /** Sends a command to the session, after all commands sent before it. */
  send<T>(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<T>

  /** The same with window `handle` as the current one. */
  sendTo<T>(
    handle: string,
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: object,
  ): Promise<T>
}

export async function openSession(server: string, capabilities: object): Promise<WebDriver> {
  const opened = await call<{ sessionId: string; capabilities: { browserVersion: string } }>(
    "POST",
    `${server}/session`,
    { capabilities: { alwaysMatch: capabilities } },
  )
  const session = `${server}/session/${opened.sessionId}`

  // WebDriver has one current window for the whole session, so no command for another tab may come
  // between choosing a window and acting on it.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }

  return {
    version: opened.capabilities.browserVersion,
    send: (method, path, body) => inTurn(() => call(method, session + path, body)),
    sendTo: (handle, method, path, body) =>
      inTurn(async () => {
        await call("POST", `${session}/window`, { handle })
        return call(method, session + path, body)
      }),
  }
}

/** Sends one command and gives the `value` of its answer. */
export async function call<T>(method: string, url: string, body?: object): Promise<T> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(30_000),
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const { value } = (await response.json()) as { value: unknown }
  if (!response.ok) {
    const { error, message } = value as { error: string; message: string }
    throw new Error(`${error}: ${message}`)
  }
  return value as T
}
