export type Engine = "chromium" | "firefox" | "webkit"

export const engines: readonly Engine[] = ["chromium", "firefox", "webkit"]
