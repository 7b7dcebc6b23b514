/** A text of the page, and its contrast. */
export interface Contrast {
  readonly text: string
  readonly color: string
  readonly background: string
  readonly ratio: number
}

/**
 * The contrast of each text of the page by WCAG 2, with the breaker shown in `state`. Sent to the page as
 * source text.
 */
export function contrastsOf(state: string): Contrast[] {
  for (const element of document.querySelectorAll<HTMLElement>("[data-state]")) element.dataset["state"] = state

  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = channels(color).map((value) => {
      const share = value / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = (element: Element | null): string => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor
      if (channels(color)[3] !== 0) return color
    }
    return "rgb(255, 255, 255)"
  }

  const found: Contrast[] = []
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement!
    const text = texts.currentNode.textContent!.trim()
    if (text === "" || !element.checkVisibility()) continue
    const { color } = getComputedStyle(element)
    const background = backgroundOf(element)
    const [light, dark] = [luminance(color), luminance(background)].sort((a, b) => b - a) as [number, number]
    found.push({ text, color, background, ratio: (light + 0.05) / (dark + 0.05) })
  }
  return found
}
