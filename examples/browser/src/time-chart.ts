/** A canvas whose right edge is the present. Charts of the same width show the same span. */
export interface TimeChart {
  readonly context: CanvasRenderingContext2D
  readonly width: number
  readonly height: number
  readonly now: number
  x(time: number): number
}

/** Milliseconds that a wide chart shows. */
export const WIDE_SPAN = 40_000
const NARROW_SPAN = 20_000
const NARROW = 420

/** Clears a canvas and fits it to the resolution of the screen. Returns `undefined` while it is not shown. */
export function beginChart(canvas: HTMLCanvasElement, now: number): TimeChart | undefined {
  const { clientWidth: width, clientHeight: height } = canvas
  const context = canvas.getContext("2d")
  if (!context || width === 0) return undefined
  const scale = devicePixelRatio
  const pixels = [Math.round(width * scale), Math.round(height * scale)] as const
  if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  const span = spanOf(width)
  return { context, width, height, now, x: (time) => width - ((now - time) / span) * width }
}

/** Milliseconds that a chart of this width shows. */
export function spanOf(width: number): number {
  return width < NARROW ? NARROW_SPAN : WIDE_SPAN
}
