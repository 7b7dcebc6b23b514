import type { Mode } from "./demo-status.ts"

/** A mode, as the form represents it. */
export interface ModeChoice {
  readonly kind: string
  readonly latency: number
  /** In percent. */
  readonly share: number
  readonly retryAfter: number
}

const HEALTHY_LATENCY = 60

/** The mode that a choice in the form stands for. */
export function modeOf({ kind, latency, share, retryAfter }: ModeChoice): Mode {
  switch (kind) {
    case "slow":
      return { kind, latency }
    case "failing":
      return { kind, rate: share / 100 }
    case "unavailable":
      return { kind, retryAfter }
    case "hanging":
    case "resetting":
    case "down":
      return { kind }
    default:
      return { kind: "healthy", latency: HEALTHY_LATENCY }
  }
}

/** Describes what a caller gets from an origin in this mode. */
export function describeMode(mode: Mode): string {
  switch (mode.kind) {
    case "healthy":
      return "Answers at once."
    case "slow":
      return "Answers late. The clients of this page wait 1.5 s."
    case "failing":
      return `Answers 500 to ${Math.round(mode.rate * 100)} % of all calls. The breaker opens at half of them.`
    case "hanging":
      return "Takes every call, and never answers."
    case "resetting":
      return "Takes every call, then resets its connection."
    case "down":
      return "Every connection breaks before an answer."
    case "unavailable":
      return `Answers 503 and asks to be left alone for ${mode.retryAfter} s.`
    case "slow-body":
      return "Sends its bodies slowly."
  }
}
