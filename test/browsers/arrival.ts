import { pause, withDeadline } from "./deadline.ts"
import { type Place, currentPlace } from "./page-call.ts"

export const navigationLimitMs = 30_000

/**
 * Starts a navigation and waits until a new document, or a new step within the present one, has
 * loaded. For navigations whose end the engine does not report. It also works for a page that is
 * restored from the back/forward cache without firing `load`.
 *
 * @param run - Gives the text that a synchronous expression evaluates to in the page.
 */
export async function arrive(
  run: (expression: string) => Promise<string>,
  start: () => Promise<unknown>,
  target?: string,
): Promise<void> {
  const look = async (): Promise<Place> => JSON.parse(await run(currentPlace)) as Place
  const startedAt = performance.now()
  const before = await withDeadline(look(), navigationLimitMs, "Looking at the page to be left")
  await withDeadline(start(), navigationLimitMs, "Starting a navigation")

  while (performance.now() - startedAt < navigationLimitMs) {
    await pause(10)
    const now = await withDeadline(look(), navigationLimitMs, "Looking").catch(() => undefined)
    if (!now?.complete) continue
    if (now.documentId === before.documentId && now.href === before.href) continue

    // WebKitGTK puts its error page under about:blank instead of failing the command.
    if (target !== undefined && target !== "about:blank" && now.href === "about:blank") {
      throw new Error(`Cannot load ${target}: ${now.text}`)
    }
    return
  }
  throw new Error(`No new page after ${navigationLimitMs} ms`)
}
