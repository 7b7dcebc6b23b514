import type { WorkerCalls } from "../browser/src/demo-status.ts"

/** The part of a response by which it is classified. */
interface Answer {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}

/** Counts the calls to the Worker by their outcomes. */
export class WorkerTally {
  #counts: WorkerCalls = { sent: 0, answered: 0, stale: 0, rejected: 0, failed: 0 }

  get counts(): WorkerCalls {
    return this.#counts
  }

  async count(call: Promise<Answer>): Promise<void> {
    this.#add("sent")
    try {
      const answer = await call
      this.#add(kindOf(answer, await answer.text()))
    } catch {
      this.#add("failed")
    }
  }

  #add(name: keyof WorkerCalls): void {
    this.#counts = { ...this.#counts, [name]: this.#counts[name] + 1 }
  }
}

function kindOf(answer: Answer, text: string): keyof WorkerCalls {
  if (answer.headers.get("cache-status") !== null) return "stale"
  if (answer.ok) return "answered"
  // The breaker's own 503 has a text of the breaker; a 503 of the origin has another.
  return answer.status === 503 && text.startsWith("circuit breaker") ? "rejected" : "failed"
}
