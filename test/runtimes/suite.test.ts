import { expect, test } from "vitest"
import { assertions as t } from "./assertions.ts"
import { runCases } from "./suite.ts"

test("runCases() throws if there are no cases", async () => {
  const config = { runtime: "node", origin: "", otherOrigin: "", refused: "" } as const
  await expect(runCases([], config)).rejects.toThrow("The suite has no cases")
})

test.each<[unknown, unknown]>([
  [{ a: [1, { b: NaN }] }, { a: [1, { b: NaN }] }],
  [Object.assign(Object.create(null), { a: undefined }), { a: undefined }],
])("deepEqual(%j, %j) holds", (a, b) => {
  t.deepEqual(a, b)
})

test.each<[unknown, unknown]>([
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [[], {}],
  [new Map(), new Map()],
  [new Error("a"), new Error("a")],
  [0, -0],
  [null, {}],
])("deepEqual(%j, %j) does not hold", (a, b) => {
  expect(() => t.deepEqual(a, b)).toThrow("is not like")
})

test("throws() compares the expected properties, even inherited ones", () => {
  const fail = (): never => {
    throw new RangeError("no")
  }
  expect(t.throws(fail, { name: "RangeError", message: "no" })).toBeInstanceOf(RangeError)
  expect(() => t.throws(fail, { name: "TypeError" })).toThrow(
    'of RangeError: no, name: "RangeError" is not "TypeError"',
  )
  expect(() => t.throws(() => 1)).toThrow("it did not throw but returned 1")
})

test("rejects() takes a promise or a function that returns one", async () => {
  expect(await t.rejects(Promise.reject(1))).toBe(1)
  expect(await t.rejects(async () => Promise.reject(undefined))).toBeUndefined()
  await expect(t.rejects(async () => 1)).rejects.toThrow("it did not reject but fulfilled with 1")
})

test("the other assertions fail with both values in the message", () => {
  expect(() => t.ok(0, "sum")).toThrow("sum: 0 is not truthy")
  expect(() => t.equal("a", "b")).toThrow('"a" is not "b"')
  expect(() => t.notEqual(NaN, NaN)).toThrow("it is NaN")
  expect(() => t.match("a", /b/)).toThrow('"a" does not match /b/')
  expect(() => t.between(3, 1, 2)).toThrow("3 is not in [1, 2]")
  t.between(2, 1, 2)
})
