// Charts move by less than a pixel in that time.
const RATE = 15
// Charts that step once a second, for those who asked for no motion.
const CALM_RATE = 1

/** Calls `draw` as often as the eye needs it, and not at all while the page is hidden. */
export function onFrames(draw: (now: number) => void): void {
  const calm = matchMedia("(prefers-reduced-motion: reduce)")
  let last = -Infinity
  const frame = (): void => {
    const now = performance.now()
    // A little less, or every other frame would come just too early.
    if (now - last >= 1_000 / (calm.matches ? CALM_RATE : RATE) - 4) {
      last = now
      draw(now)
    }
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}
