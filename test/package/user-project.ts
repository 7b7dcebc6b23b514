/** The project of a user, in which the package is found by its name. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export const root = new URL("../..", import.meta.url).pathname

export interface UserProject extends Disposable {
  readonly folder: string
  /** The messages of the compiler; an empty text if there are no errors. */
  compile(compilerOptions: object): string
}

/** The module resolutions that users have. */
export const resolutions = {
  nodenext: { module: "NodeNext", moduleResolution: "NodeNext" },
  bundler: { module: "ESNext", moduleResolution: "Bundler" },
}

/** @param files - By name. */
export function userProject(files: Readonly<Record<string, string>>): UserProject {
  const folder = mkdtempSync(join(root, "node_modules", ".user-"))
  mkdirSync(join(folder, "node_modules"))
  symlinkSync(root, join(folder, "node_modules", "webbreaker"), "dir")
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return {
    folder,
    compile(options) {
      const compilerOptions = { target: "ES2022", types: [], strict: true, skipLibCheck: false, noEmit: true, ...options }
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
      const { stdout, status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" })
      return status === 0 ? "" : stdout || `tsc ended with ${status}`
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
