/** What the terminal shows at one moment: numbers in, text out. */
import type { State } from "webbreaker"

/** One moment of the demo. */
export interface Frame {
  readonly url: string
  readonly health: string
  readonly state: State
  readonly retryAfter: number
  /** Calls that the client made, and what became of them. */
  readonly sent: number
  readonly succeeded: number
  readonly failed: number
  readonly rejected: number
  /** Requests that came in at the origin. */
  readonly reached: number
}

const WIDTH = 60
const COLORS: Readonly<Record<State, string>> = { closed: "\x1b[32m", "half-open": "\x1b[33m", open: "\x1b[31m" }
const MARKS: Readonly<Record<State, string>> = { closed: "█", "half-open": "▓", open: "░" }
const RESET = "\x1b[0m"

const history: State[] = []
let drawn = false

/** Shows a frame: over the last one on a terminal, as a line of its own elsewhere. */
export function drawFrame(frame: Frame): void {
  history.push(frame.state)
  if (history.length > WIDTH) history.shift()
  const { stdout } = process
  if (!stdout.isTTY) {
    stdout.write(`${summary(frame)}\n`)
    return
  }
  const lines = screen(frame)
  stdout.write(`${drawn ? `\x1b[${lines.length}A` : ""}${lines.map((line) => `\x1b[2K${line}`).join("\n")}\n`)
  drawn = true
}

function screen(frame: Frame): string[] {
  const band = history.map((state) => `${COLORS[state]}${MARKS[state]}`).join("")
  const spared = frame.sent - frame.reached
  return [
    "webbreaker: a client, a breaker, and an origin that fails once in a minute. Ctrl-C stops it.",
    "",
    `  origin    ${frame.url}  ${frame.health}`,
    `  breaker   ${COLORS[frame.state]}${frame.state}${RESET}  ${nextProbe(frame)}`,
    `            ${band}${RESET}`,
    "",
    `  calls     ${bar(frame.sent, frame.sent)} ${frame.sent} sent`,
    `            ${bar(frame.succeeded, frame.sent)} ${frame.succeeded} succeeded`,
    `            ${bar(frame.failed, frame.sent)} ${frame.failed} failed`,
    `            ${bar(frame.rejected, frame.sent)} ${frame.rejected} rejected at once`,
    `  origin    ${bar(frame.reached, frame.sent)} ${frame.reached} reached it, ${Math.max(spared, 0)} were spared`,
  ]
}

function summary(frame: Frame): string {
  const { state, health, sent, reached, succeeded, failed, rejected } = frame
  const counts = `sent ${sent}, reached the origin ${reached}, succeeded ${succeeded}, failed ${failed}, rejected ${rejected}`
  return `origin ${health} | breaker ${state}${nextProbe(frame) && ` (${nextProbe(frame)})`} | ${counts}`
}

function nextProbe({ state, retryAfter }: Frame): string {
  if (state === "open") return `next probe in ${(retryAfter / 1_000).toFixed(1)} s`
  return state === "half-open" ? "probing" : ""
}

function bar(part: number, whole: number): string {
  const length = 30
  const filled = whole ? Math.min(Math.round((part / whole) * length), length) : 0
  return "▇".repeat(filled).padEnd(length)
}
