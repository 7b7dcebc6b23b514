/** The colours of the charts, which `style.css` defines. */
export interface Palette {
  readonly muted: string
  readonly line: string
  readonly closed: string
  readonly halfOpen: string
  readonly open: string
  readonly rejected: string
  readonly guarded: string
  readonly bare: string
}

let known: Palette | undefined
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (known = undefined))

/** Reads the colours of the current theme, light or dark. */
export function palette(): Palette {
  if (known) return known
  const style = getComputedStyle(document.documentElement)
  const color = (name: string): string => style.getPropertyValue(`--${name}`).trim()
  known = {
    muted: color("muted"),
    line: color("line"),
    closed: color("closed"),
    halfOpen: color("half-open"),
    open: color("open"),
    rejected: color("rejected"),
    guarded: color("guarded"),
    bare: color("bare"),
  }
  return known
}
