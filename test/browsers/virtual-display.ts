import { spawn } from "node:child_process"
import type { Readable } from "node:stream"
import type { Profile } from "./profile.ts"

/** Starts an X server that shows nothing, for an engine with no headless mode; gives its name. */
export function startDisplay(executable: string, profile: Profile): Promise<string> {
  // With -displayfd the server picks a free number itself, so parallel runs cannot collide.
  const child = spawn(
    executable,
    ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
    { detached: true, stdio: ["ignore", "ignore", "ignore", "pipe"], env: profile.env },
  )
  return new Promise((resolve, reject) => {
    let text = ""
    const numbers = child.stdio[3] as Readable
    numbers.setEncoding("utf8").on("data", (part: string) => {
      text += part
      if (text.includes("\n")) resolve(`:${text.trim()}`)
    })
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`Xvfb ended with code ${code}`)))
  })
}
