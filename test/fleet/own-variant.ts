import { existsSync } from "node:fs"
import { basename, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import type { Settings } from "../../src/index.ts"
import type { BreakerObjectSettings } from "../../src/stores/durable-object/index.ts"
import { WrongArgument } from "./arguments.ts"
import type { Variant } from "./variant.ts"

interface OwnSettings {
  readonly breaker?: Settings | (() => Settings)
  readonly object?: BreakerObjectSettings
}

/** The variant in a file of settings. @throws {WrongArgument} when the file is missing or exports no settings. */
export async function ownVariant(path: string): Promise<Variant> {
  if (!existsSync(path)) throw new WrongArgument(`There is no file ${path}`)
  const { breaker, object } = (await import(pathToFileURL(resolve(path)).href)) as OwnSettings
  if (breaker === undefined && object === undefined) {
    throw new WrongArgument(`${path} must export breaker, or object, or both`)
  }
  return {
    name: basename(path),
    breaker: typeof breaker === "function" ? breaker : () => breaker ?? {},
    ...(object && { object: () => object }),
  }
}
