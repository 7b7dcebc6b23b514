import { basename } from "node:path"
import type { Settings } from "../../src/index.ts"
import type { BreakerObjectSettings } from "../../src/stores/durable-object/index.ts"
import { WrongArgument } from "./arguments.ts"
import type { Variant } from "./variant.ts"

interface OwnSettings {
  readonly breaker?: Settings | (() => Settings)
  readonly object?: BreakerObjectSettings
}

/** The variant of a file of settings. @throws {WrongArgument} when it exports none. */
export function ownVariant(path: string, { breaker, object }: OwnSettings): Variant {
  if (breaker === undefined && object === undefined) {
    throw new WrongArgument(`${path} must export breaker, or object, or both`)
  }
  return {
    name: basename(path),
    breaker: typeof breaker === "function" ? breaker : () => breaker ?? {},
    ...(object && { object: () => object }),
  }
}
