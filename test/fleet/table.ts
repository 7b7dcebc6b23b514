/** A table in Markdown, and the notes below it. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly notes: readonly string[]
}

/** The table as text, its columns aligned. */
export function printTable({ columns, rows, notes }: Table): string {
  const all = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`
  return [line(columns), rule, ...rows.map(line), ...notes.flatMap((note) => ["", note])].join("\n")
}

/** A number with about three digits; `undefined` as a dash. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-"
  if (Number.isInteger(value)) return String(value)
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}

/** A share as a percentage. Exactly 0 looks different from a very small share. */
export function percent(share: number): string {
  if (share === 0) return "0"
  return share < 0.0001 ? "< 0.01 %" : `${figure(share * 100)} %`
}
