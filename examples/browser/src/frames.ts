// Frames a second. A chart moves by less than a pixel from one to the next.
const RATE = 15
// Frames a second for users who prefer reduced motion.
const CALM_RATE = 1

/** Calls `draw` at one of these rates, and not at all while the page is hidden. */
export function onFrames(draw: (now: number) => void): void {
  const calm = matchMedia("(prefers-reduced-motion: reduce)")
  let last = -Infinity
  const frame = (): void => {
    const now = performance.now()
    // 4 ms of tolerance: without it, every other frame would come slightly too early and be skipped.
    if (now - last >= 1_000 / (calm.matches ? CALM_RATE : RATE) - 4) {
      last = now
      draw(now)
    }
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}
