import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { bundle } from "./bundle.ts"

const path = fileURLToPath(new URL("kill-on-exit.ts", import.meta.url))

const parent = await bundle(
  `import { spawn } from "node:child_process"
   import { killOnExit } from ${JSON.stringify(path)}
   const args = ["-e", "setTimeout(() => {}, 20_000)"]
   const child = spawn(process.execPath, args, { stdio: "inherit" })
   killOnExit(child)
   killOnExit(spawn(process.execPath, args, { stdio: "inherit" }))
   process.stdin.once("data", () => process.exit(3))
   console.log("started")`,
  { external: ["node:*"] },
)

test.each([
  ["SIGTERM", [null, "SIGTERM"]],
  ["SIGINT", [null, "SIGINT"]],
  ["exit", [3, null]],
] as const)("children do not outlive their parent on %s", { timeout: 15_000 }, async (how, end) => {
  const started = spawn(process.execPath, ["--input-type=module", "-e", parent])
  await once(started.stdout, "data")

  if (how === "exit") started.stdin.write("now")
  else started.kill(how)
  // The pipe closes when the child, which holds it too, has ended. A check of the child's process id
  // could find a zombie, since many containers do not reap orphans.
  expect(await once(started, "close")).toEqual(end)
})
