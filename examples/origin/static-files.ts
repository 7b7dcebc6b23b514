import type { ServerResponse } from "node:http"

export interface StaticFile {
  readonly type: string
  readonly body: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
}

/** Files by path, such as "/index.html". */
export type StaticFiles =
  | Readonly<Record<string, StaticFile>>
  | ((path: string) => StaticFile | undefined)

export function findFile(files: StaticFiles, path: string): StaticFile | undefined {
  return typeof files === "function" ? files(path) : files[path]
}

export function sendFile(response: ServerResponse, file: StaticFile): void {
  response.writeHead(200, { "Content-Type": file.type, ...file.headers }).end(file.body)
}
