/**
 * The messages between isolates and the object, in JSON. Both sides check what they read: during a deployment
 * there are two versions of a Worker.
 *
 * @module
 */
import { BOOLEAN, check, checkAll, INTEGER, isLike, NUMBER, OBJECT, oneOf, type Rule } from "../../core/check.ts"
import { noCounts } from "../../core/counts.ts"
import { callsOf, type Report, type Run, type Verdict } from "../../core/shared.ts"
import { checkVerdict } from "../check-verdict.ts"

/** A report on its way to the object. */
export interface Message {
  /** Name of the breaker; several breakers may share an object. */
  readonly name: string
  /** Identifies the isolate: random, and the same for all its reports. */
  readonly reporter: string
  readonly report: Report
}

/** The status of an answer to what cannot be understood. */
export const REFUSED = 400

const VERSION = 1
// The object goes through the calls of a report one by one, and gives no other answer meanwhile.
const MAX_CALLS = 250_000

const SHORT_STRING: Rule = ["a string of up to 1024 characters", (value) => typeof value === "string" && value.length <= 1_024]
const OUTCOME = /* @__PURE__ */ oneOf("success", "failure", "excluded")
const THIS_VERSION: Rule = [String(VERSION), (value) => value === VERSION]
const RUNS: Rule = [
  `a list of runs of ${MAX_CALLS} calls at most together`,
  (value) => Array.isArray(value) && value.every(isRun) && callsOf(value) <= MAX_CALLS,
]
const COUNTS: Rule = ["counts", (value) => isLike(value, noCounts())]
const REPORT_RULES = {
  runs: RUNS,
  previousAge: NUMBER,
  opened: COUNTS,
  retryAfter: NUMBER,
  acquire: BOOLEAN,
  settle: OBJECT,
  force: /* @__PURE__ */ oneOf("open", "closed"),
}

/** The message as text. */
export function writeMessage(message: Message): string {
  return JSON.stringify({ version: VERSION, ...message })
}

/** @throws {SyntaxError | TypeError | RangeError} that says what is wrong with it. */
export function readMessage(text: string): Message {
  const message = JSON.parse(text) as Message
  check("message", message, OBJECT)
  checkVersion(message)
  const { name, reporter, report } = message
  check("name", name, SHORT_STRING)
  check("reporter", reporter, SHORT_STRING)
  check("report", report, OBJECT)
  checkAll(report, REPORT_RULES)
  if (report.settle) {
    check("settle.lease", report.settle.lease, SHORT_STRING)
    check("settle.outcome", report.settle.outcome, OUTCOME)
  }
  return message
}

/** The answer as text. */
export function writeVerdict(verdict: Verdict): string {
  return JSON.stringify({ version: VERSION, ...verdict })
}

/** @throws {SyntaxError | TypeError | RangeError} that says what is wrong with it. */
export function readVerdict(text: string): Verdict {
  const verdict = JSON.parse(text) as Verdict
  checkVersion(verdict)
  checkVerdict(verdict)
  return verdict
}

function isRun(value: unknown): value is Run {
  const { outcome, calls, slow = 0, age = 0 } = (value ?? {}) as Partial<Run>
  return (outcome === "success" || outcome === "failure") && INTEGER[1](calls) && INTEGER[1](slow) && NUMBER[1](age)
}

function checkVersion(message: Message | Verdict | null): void {
  check("version", (message as { readonly version?: unknown } | null)?.version, THIS_VERSION)
}
