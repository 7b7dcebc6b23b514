import type { TabReport } from "./demo-status.ts"
import { element, setText } from "./element.ts"

/** Shows the breaker's state in each tab. They share the breaker, so the states agree. */
export function showTabs(own: string, tabs: readonly TabReport[]): void {
  const mine = tabs.find(({ id }) => id === own)
  const others = tabs.filter(({ id }) => id !== own)
  if (!mine || others.length === 0) {
    setText(element("#tabs"), "This tab is the only one.")
    return
  }
  const states = others.map(({ state }) => state).join(", ")
  setText(element("#tabs"), `This tab: ${mine.state}. ${others.length === 1 ? "The other tab" : "Other tabs"}: ${states}.`)
}
