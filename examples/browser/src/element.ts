/** The first element that matches the selector. Throws if there is none. */
export function element<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector)
  if (!found) throw new Error(`The page has no ${selector}`)
  return found
}

/** Sets the text only if it differs, since each change costs a new layout. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
