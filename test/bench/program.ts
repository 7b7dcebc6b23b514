/** The program for each runtime. It measures everything that can be measured there. */
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
 * Bundles an expression to a module for a runner. Its value must be JSON.
 *
 * @param files - For each file, the names that `expression` imports from it.
 * @param expression - May use `config`; is awaited.
 */
export async function program(files: Readonly<Record<string, string>>, expression: string): Promise<string> {
  const imports = Object.entries(files).map(([file, names]) => importing(names, file))
  const text = await bundle(`${imports.join("")}export const run = async (config) => (${expression})`, {
    alias,
    external: ["events"],
  })
  if (!("./opossum.ts" in files)) return text
  // opossum calls `require`, which does not exist in ES modules.
  return `import events from "node:events"\nconst require = () => events\n${text}`
}
