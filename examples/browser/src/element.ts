/** The element of the page that has this id, or that a selector finds. */
export function element<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const found = within.querySelector<E>(selector)
  if (!found) throw new Error(`The page has no ${selector}`)
  return found
}

/** Writes only what differs: the rest of the page may be laid out as it is. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
