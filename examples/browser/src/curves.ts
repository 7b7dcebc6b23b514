import { palette, type Palette } from "./palette.ts"
import type { RateHistory } from "./rate-history.ts"
import { beginChart, type TimeChart } from "./time-chart.ts"

export interface Curve {
  readonly history: RateHistory
  readonly color: keyof Palette
  readonly dashed?: true
}

// Milliseconds over which a rate is averaged. Without that, each request would be a spike.
const SMOOTH = 2_000
const TOP = 14

/** Draws the requests a second of several clients, on one scale. */
export function drawCurves(canvas: HTMLCanvasElement, curves: readonly Curve[], now: number): void {
  const chart = beginChart(canvas, now)
  if (!chart) return
  const lines = curves.map((curve) => ({ ...curve, points: curve.history.points(SMOOTH) }))
  const rates = lines.flatMap(({ points }) => points.filter(({ at }) => chart.x(at) >= 0).map(({ rate }) => rate))
  const scale = Math.max(4, Math.ceil(Math.max(0, ...rates) / 2) * 2)
  const y = (rate: number): number => chart.height - 1 - (rate / scale) * (chart.height - TOP)
  drawGrid(chart, y, scale)
  for (const { points, color, dashed } of lines) {
    const { context } = chart
    context.strokeStyle = palette()[color]
    context.lineWidth = 2
    context.lineJoin = "round"
    context.setLineDash(dashed ? [5, 4] : [])
    context.beginPath()
    for (const { at, rate } of points) context.lineTo(chart.x(at), y(rate))
    context.stroke()
    context.setLineDash([])
  }
}

function drawGrid({ context, width }: TimeChart, y: (rate: number) => number, scale: number): void {
  const { line, muted } = palette()
  context.strokeStyle = line
  context.fillStyle = muted
  context.lineWidth = 1
  context.font = "11px system-ui, sans-serif"
  for (const rate of [0, scale / 2, scale]) {
    const level = Math.round(y(rate)) - 0.5
    context.beginPath()
    context.moveTo(0, level)
    context.lineTo(width, level)
    context.stroke()
    if (rate > 0) context.fillText(`${rate}/s`, 0, level - 3)
  }
}
