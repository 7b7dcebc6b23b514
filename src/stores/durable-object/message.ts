/**
 * What isolates and the object say to each other, in JSON. Both check what they read: during a deploy
 * there are two versions of a Worker.
 *
 * @module
 */
import { BOOLEAN, check, checkAll, INTEGER, NUMBER, oneOf, type Rule } from "../../core/check.ts"
import type { Report, Verdict } from "../../core/shared.ts"
import { checkVerdict } from "../check-verdict.ts"

/** A report on its way to the object. */
export interface Message {
  /** The breaker; several may share an object. */
  readonly name: string
  /** Who reports: random, and the same for all reports of an isolate. */
  readonly reporter: string
  readonly report: Report
}

const VERSION = 1
// The object goes through them one by one, and answers nobody else meanwhile.
const MAX_CALLS = 250_000

const STRING: Rule = ["a string of up to 1024 characters", (value) => typeof value === "string" && value.length <= 1_024]
const OBJECT: Rule = ["an object", (value) => typeof value === "object" && value !== null]
const OUTCOME = /* @__PURE__ */ oneOf("success", "failure", "excluded")
const THIS_VERSION: Rule = [String(VERSION), (value) => value === VERSION]
const RUNS: Rule = [
  `a list of integers from 0 that add up to ${MAX_CALLS} at most`,
  (value) => Array.isArray(value) && value.every(INTEGER[1]) && value.reduce((sum, calls) => sum + calls, 0) <= MAX_CALLS,
]
const REPORT_RULES = {
  runs: RUNS,
  slow: INTEGER,
  previousAge: NUMBER,
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
  const message = read(text) as unknown as Message
  const { name, reporter, report } = message
  check("name", name, STRING)
  check("reporter", reporter, STRING)
  check("report", report, OBJECT)
  checkAll(report, REPORT_RULES)
  if (report.settle) {
    check("settle.lease", report.settle.lease, STRING)
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
  const verdict = read(text) as unknown as Verdict
  checkVerdict(verdict)
  return verdict
}

function read(text: string): { readonly version?: unknown } {
  const value: unknown = JSON.parse(text)
  check("message", value, OBJECT)
  const message = value as { readonly version?: unknown }
  check("version", message.version, THIS_VERSION)
  return message
}
