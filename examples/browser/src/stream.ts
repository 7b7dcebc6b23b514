import type { CallOutcome, CallRecord } from "./call-log.ts"
import { palette, type Palette } from "./palette.ts"
import { beginChart } from "./time-chart.ts"

type Row = "sent" | CallOutcome
type Draw = (context: CanvasRenderingContext2D, x: number, y: number) => void

const RADIUS = 2.75

const circle: Draw = (context, x, y) => {
  context.beginPath()
  context.arc(x, y, RADIUS, 0, 2 * Math.PI)
}
const cross: Draw = (context, x, y) => {
  context.beginPath()
  context.moveTo(x - RADIUS, y - RADIUS)
  context.lineTo(x + RADIUS, y + RADIUS)
  context.moveTo(x + RADIUS, y - RADIUS)
  context.lineTo(x - RADIUS, y + RADIUS)
}
const diamond: Draw = (context, x, y) => {
  context.beginPath()
  context.moveTo(x, y - RADIUS - 1)
  context.lineTo(x + RADIUS + 1, y)
  context.lineTo(x, y + RADIUS + 1)
  context.lineTo(x - RADIUS - 1, y)
  context.closePath()
}
const square: Draw = (context, x, y) => {
  context.beginPath()
  context.rect(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS)
}

/** The legend in `index.html` has the same shapes. */
const looks: Readonly<Record<Row, { readonly draw: Draw; readonly color: keyof Palette; readonly filled?: true }>> = {
  sent: { draw: circle, color: "muted" },
  succeeded: { draw: circle, color: "closed", filled: true },
  failed: { draw: cross, color: "open" },
  rejected: { draw: diamond, color: "rejected" },
  excluded: { draw: square, color: "muted" },
}

/** Draws a mark for each call of the row, at the time when it was sent, or when it settled. */
export function drawStream(canvas: HTMLCanvasElement, row: Row, calls: readonly CallRecord[], now: number): void {
  const chart = beginChart(canvas, now)
  if (!chart) return
  const { context, height, x } = chart
  const { draw, color, filled } = looks[row]
  context.lineWidth = 1.5
  context.strokeStyle = context.fillStyle = palette()[color]
  for (const call of calls) {
    const time = row === "sent" ? call.sentAt : call.settled?.outcome === row ? call.settled.at : undefined
    if (time === undefined || x(time) < -RADIUS) continue
    draw(context, x(time), height / 2)
    if (filled) context.fill()
    else context.stroke()
  }
}
