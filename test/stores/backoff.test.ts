import { expect, test } from "vitest"
import { backOff, isLeftAlone } from "../../src/stores/durable-object/backoff.ts"

const [first, second, late] = [new Error("first"), new Error("second"), new Error("late")]

test("exchanges that were under way together count as one failure, and the pause goes on", () => {
  const once = backOff(undefined, first, 0, 10)
  expect(isLeftAlone(once, 10)).toBe(false)
  const twice = backOff(once, second, 20, 30)
  expect([isLeftAlone(twice, 1_029), isLeftAlone(twice, 1_030)]).toEqual([true, false])
  const again = backOff(twice, late, 20, 40)
  expect(again).toEqual({ ...twice, error: late })
})
