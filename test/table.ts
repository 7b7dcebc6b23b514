/** A table in Markdown; the first column of each row is its name. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`
  return [line(["", ...columns]).replace("|  |", "| |"), `|---${"|---:".repeat(columns.length)}|`, ...rows.map(line)].join("\n")
}

/** A ratio as text. */
export function times(ratio: number | undefined): string {
  if (ratio === undefined) return "-"
  return `${ratio < 0.1 ? ratio.toFixed(3) : ratio < 100 ? ratio.toFixed(2) : ratio.toFixed(0)}x`
}
