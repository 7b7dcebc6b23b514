/** The text that each runtime is given: it measures all that can be measured there. */
import { fileURLToPath } from "node:url"
import { bundle } from "../runtimes/bundle.ts"

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url))
const importing = (names: string, file: string): string => `import { ${names} } from ${JSON.stringify(path(file))}\n`
const packageFile = (file: string): string => path(`../../node_modules/${file}`)

const alias = {
  cockatiel: packageFile("cockatiel/dist/index.js"),
  opossum: packageFile("opossum/index.js"),
}

/**
 * Bundles what gives a value as JSON to a module that a runner takes.
 *
 * @param files - By file, the names that `expression` takes from it.
 * @param expression - May use `config`; is awaited.
 */
export async function program(files: Readonly<Record<string, string>>, expression: string): Promise<string> {
  const imports = Object.entries(files).map(([file, names]) => importing(names, file))
  const text = await bundle(`${imports.join("")}export const run = async (config) => (${expression})`, {
    alias,
    external: ["events"],
  })
  if (!("./opossum.ts" in files)) return text
  // It asks for its part of Node as a CommonJS module does, which no runtime lets a module do.
  return `import events from "node:events"\nconst require = () => events\n${text}`
}
