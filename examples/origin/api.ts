import { parseMode } from "./modes.ts"
import type { Mode } from "./modes.ts"
import { sendOk, sendSlowly } from "./replies.ts"
import { pause, reset, sendJson } from "./wire.ts"
import type { Exchange, Reply } from "./wire.ts"

/** The time during which one mode is set. */
interface Period {
  readonly mode: Mode
  readonly hanging: Set<() => void>
  calls: number
  isOver: boolean
}

/** `/api`. Each request is answered in the mode that was set when it arrived. */
export class Api {
  #period: Period = begin({ kind: "healthy" })

  get mode(): Mode {
    return this.#period.mode
  }

  set mode(mode: Mode) {
    const next = begin(parseMode(mode))
    const last = this.#period
    this.#period = next
    last.isOver = true
    for (const release of last.hanging) release()
  }

  /** Counts a request in the present mode, before its body is read. */
  accept(): Reply {
    const period = this.#period
    const call = ++period.calls
    return (exchange) => behave(exchange, period, call)
  }

  /** `/mode`: GET reads the mode, PUT sets it. */
  control({ request, response, body }: Exchange): void {
    if (request.method === "PUT") this.mode = parseJson(body)
    else if (request.method !== "GET") {
      response.setHeader("Allow", "GET, PUT")
      sendJson(response, 405, { error: "The mode can be read with GET and set with PUT" })
      return
    }
    sendJson(response, 200, this.mode)
  }
}

function begin(mode: Mode): Period {
  return { mode, hanging: new Set(), calls: 0, isOver: false }
}

async function behave(exchange: Exchange, period: Period, call: number): Promise<void> {
  const { request, response } = exchange
  const { mode } = period
  switch (mode.kind) {
    case "healthy":
    case "slow":
      if (await pause(response, mode.latency ?? 0)) sendOk(response)
      return
    case "failing":
      if (isFailing(call, mode.rate)) sendJson(response, mode.status ?? 500, { ok: false })
      else sendOk(response)
      return
    case "slow-body":
      return sendSlowly(response, mode.ms ?? 50, mode.chunks ?? 5)
    case "unavailable":
      response.setHeader("Retry-After", String(mode.retryAfter))
      sendJson(response, 503, { ok: false })
      return
    case "hanging":
      hang(exchange, period)
      return
    case "resetting":
    case "down":
      reset(request.socket)
  }
}

/** Spreads the failures evenly, so that a run of calls gives the same results every time. */
function isFailing(call: number, rate: number): boolean {
  return Math.floor(call * rate) > Math.floor((call - 1) * rate)
}

function hang({ request, response }: Exchange, period: Period): void {
  const release = (): void => reset(request.socket)
  if (period.isOver) {
    release()
    return
  }
  period.hanging.add(release)
  response.once("close", () => period.hanging.delete(release))
}

function parseJson(text: string): Mode {
  try {
    return JSON.parse(text)
  } catch {
    throw new TypeError("A mode must be sent as JSON")
  }
}
