import type { Mode } from "./demo-status.ts"
import { element, setText } from "./element.ts"
import { describeMode, modeOf } from "./modes.ts"

export interface Actions {
  setMode(mode: Mode): void
  setRate(callsPerSecond: number): void
  sendAndCancel(): void
  startTour(): void
}

const units: Readonly<Record<string, (value: number) => string>> = {
  latency: (value) => `${(value / 1_000).toFixed(1)} s`,
  share: (value) => `${value} %`,
  "retry-after": (value) => `${value} s`,
  rate: (value) => (value === 0 ? "none" : String(value)),
}

/** The controls of the page: they report what the user sets, and show the mode of the origin. */
export class Controls {
  readonly #origin = element<HTMLFormElement>("#origin")
  #dragging = false

  constructor(actions: Actions) {
    const rate = element<HTMLInputElement>("[name=rate]")
    const choose = (): void => {
      this.#showDetails()
      actions.setMode(this.#chosen())
    }
    this.#origin.addEventListener("submit", (event) => event.preventDefault())
    this.#origin.addEventListener("change", () => {
      this.#dragging = false
      choose()
    })
    this.#origin.addEventListener("input", () => {
      this.#dragging = true
      this.#showDetails()
    })
    rate.addEventListener("input", () => {
      this.#showDetails()
      actions.setRate(rate.valueAsNumber)
    })
    element("#cancel").addEventListener("click", () => actions.sendAndCancel())
    element("#tour").addEventListener("click", () => actions.startTour())
    this.#showDetails()
    actions.setRate(rate.valueAsNumber)
  }

  /** Shows the mode of the origin. Another tab or the tour may have set it. */
  show(mode: Mode, tour: string | null): void {
    setText(element("#mode-hint"), describeMode(mode))
    setText(element("#tour-text"), tour ?? "Healthy, down, recovered: in about a minute.")
    if (this.#dragging) return
    const radio = this.#origin.querySelector<HTMLInputElement>(`[name=mode][value="${mode.kind}"]`)
    if (radio) radio.checked = true
    if (mode.kind === "slow") this.#range("latency").valueAsNumber = mode.latency
    if (mode.kind === "failing") this.#range("share").valueAsNumber = mode.rate * 100
    if (mode.kind === "unavailable") this.#range("retry-after").valueAsNumber = mode.retryAfter
    this.#showDetails()
  }

  #chosen(): Mode {
    const kind = String(new FormData(this.#origin).get("mode"))
    const value = (name: string): number => this.#range(name).valueAsNumber
    return modeOf({ kind, latency: value("latency"), share: value("share"), retryAfter: value("retry-after") })
  }

  #range(name: string): HTMLInputElement {
    return element<HTMLInputElement>(`[name="${name}"]`, this.#origin)
  }

  #showDetails(): void {
    const kind = String(new FormData(this.#origin).get("mode"))
    for (const label of document.querySelectorAll<HTMLElement>(".range")) {
      const input = element<HTMLInputElement>("input", label)
      const text = units[input.name]?.(input.valueAsNumber) ?? input.value
      setText(element("b", label), text)
      // Screen readers read the text beside the input as its value, not as a part of its name.
      input.setAttribute("aria-valuetext", text)
      const mode = label.dataset["for"]
      label.hidden = mode !== undefined && mode !== kind
    }
  }
}
