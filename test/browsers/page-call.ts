/** What the page says about a call: its result as JSON text, its error, or neither yet. */
export interface CallReport {
  readonly id: number
  readonly documentId: string
  readonly done: boolean
  readonly gone?: boolean
  readonly json?: string
  readonly error?: { readonly name: string; readonly message: string; readonly stack: string }
}

/** An error thrown in the page. `message` starts with the name it had there. */
export class PageError extends Error {
  override name = "PageError"
  readonly pageErrorName: string
  readonly pageStack: string

  constructor(error: { name: string; message: string; stack: string }) {
    super(`${error.name}: ${error.message}`)
    this.pageErrorName = error.name
    this.pageStack = error.stack
  }
}

// The state is a property of the document's own global. So it stays with a page in the back/forward
// cache, and a new document is recognised by not having it.
const state = `
  const key = Symbol.for("webbreaker.page-call")
  if (!window[key]) {
    const documentId = Math.random().toString(36).slice(2) + performance.now().toString(36)
    Object.defineProperty(window, key, { value: { documentId, next: 1, calls: new Map() } })
  }
  const page = window[key]`

/** Expression that starts a call and gives its {@link CallReport} as JSON text. */
export function startCall(source: string, args: readonly unknown[]): string {
  return `(() => {${state}
  const call = { id: page.next++, documentId: page.documentId, done: false }
  page.calls.set(call.id, call)
  const succeed = (value) => {
    call.json = JSON.stringify(value)
    call.done = true
  }
  const fail = (error) => {
    const known = error instanceof Error || error instanceof DOMException
    call.error = known
      ? { name: error.name, message: error.message, stack: String(error.stack) }
      : { name: "thrown value", message: String(error), stack: "" }
    call.done = true
  }
  try {
    let value = (${source}
    )
    if (typeof value === "function") value = value(...${JSON.stringify(args)})
    if (value && typeof value.then === "function") value.then(succeed).catch(fail)
    else succeed(value)
  } catch (error) {
    fail(error)
  }
  if (call.done) page.calls.delete(call.id)
  return JSON.stringify(call)
})()`
}

/** Expression that gives the present {@link CallReport} of a call as JSON text. */
export function pollCall(call: CallReport): string {
  return `(() => {${state}
  if (page.documentId !== ${JSON.stringify(call.documentId)}) return '{"gone":true}'
  const call = page.calls.get(${call.id})
  if (call.done) page.calls.delete(call.id)
  return JSON.stringify(call)
})()`
}

/** Identifies a document, or a step within it. */
export interface Place {
  readonly documentId: string
  readonly href: string
  readonly complete: boolean
  readonly text: string
}

/** Expression that gives the {@link Place} as JSON text. */
export const currentPlace = `(() => {${state}
  return JSON.stringify({
    documentId: page.documentId,
    href: location.href,
    complete: document.readyState === "complete",
    text: location.href === "about:blank" ? (document.body?.textContent ?? "") : "",
  })
})()`
