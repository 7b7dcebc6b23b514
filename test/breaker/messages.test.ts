/** The error messages for wrong settings. */
import { expect, onTestFinished, test, vi } from "vitest"
import { CircuitBreaker, consecutiveFailures } from "../../src/index.ts"
import { fail } from "./calls.ts"

test.each([
  [{ maxRequests: 1.5 }, "maxRequests must be an integer from 0: got 1.5"],
  [{ interval: -1 }, "interval must be a number from 0: got -1"],
  [{ timeout: "5" }, 'timeout must be a number from 0 or a function: got "5"'],
  [{ readyToTrip: true }, "readyToTrip must be a function: got true"],
  [{ mode: "off" }, 'mode must be "enforce" or "shadow" or "disabled": got "off"'],
  [{ windowSize: 5, interval: 10 }, "windowSize and interval exclude each other: got 5 and 10"],
])("%j is refused with a message that says what is expected", (settings, message) => {
  expect(() => new CircuitBreaker(settings as object)).toThrow(expect.objectContaining({ message }))
})

test.each([
  ["readyToTrip", () => "yes", 'readyToTrip() must be a boolean: got "yes"'],
  ["timeout", () => -1, "timeout() must be a number from 0: got -1"],
])("a wrong answer of %s() is reported with the same kind of message", async (name, callback, message) => {
  const reported = vi.fn()
  vi.stubGlobal("reportError", reported)
  onTestFinished(() => void vi.unstubAllGlobals())
  await fail(new CircuitBreaker({ ...consecutiveFailures(1), [name]: callback }))
  expect(reported.mock.calls).toMatchObject([[{ message }]])
})
