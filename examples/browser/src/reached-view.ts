import type { Lane } from "./demo-status.ts"
import { drawCurves } from "./curves.ts"
import { element, setText } from "./element.ts"
import { RateHistory } from "./rate-history.ts"
import { WIDE_SPAN } from "./time-chart.ts"

/** The requests that reached the origin with the breaker and without one, as the origin counts them. */
export class ReachedView {
  readonly guarded: RateHistory = new RateHistory(WIDE_SPAN)
  readonly bare: RateHistory = new RateHistory(WIDE_SPAN)

  note(reached: Readonly<Record<Lane, number>>, now: number): void {
    this.guarded.note(reached.breaker, now)
    this.bare.note(reached.bare, now)
    setText(element("#reached-breaker"), String(reached.breaker))
    setText(element("#reached-bare"), String(reached.bare))
    const spared = Math.max(reached.bare - reached.breaker, 0)
    setText(element("#spared"), `The breaker has spared the origin ${spared} ${spared === 1 ? "request" : "requests"}.`)
  }

  draw(now: number): void {
    const curves = [
      { history: this.bare, color: "bare", dashed: true },
      { history: this.guarded, color: "guarded" },
    ] as const
    drawCurves(element<HTMLCanvasElement>("#curves"), curves, now)
  }
}
