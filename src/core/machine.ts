/**
 * The state machine: which calls may start, and what each finished call changes.
 *
 * Pure. It reads no clock, starts no timer, holds no promise and calls no listener: the time comes
 * in as an argument, and a change of state goes out as a return value. Nothing happens on its own
 * either. Time passes when {@link tick} says so, which a caller does before anything else.
 *
 * The rules are those of sony/gobreaker; the traces recorded from it replay without a difference
 * (`test/core/gobreaker-traces.test.ts`). What goes beyond it:
 *
 * - a half-open call that never settles is given up at the next admission ({@link lapse});
 * - a clock that is set back ends an open period instead of prolonging it;
 * - a streak is not decayed by a rolling window.
 *
 * @module
 */
import { ask, BOOLEAN } from "./check.ts"
import type { Counts, Outcome, State } from "./counts.ts"
import { openPeriod, type Policy } from "./policy.ts"
import { newGeneration, type BreakerRecord, type Permit } from "./record.ts"
import { bucketOf, push, roll, tally } from "./window.ts"

/** A change of state. */
export interface Transition {
  readonly from: State
  readonly to: State
  /** The counts that led to it; the new state begins with none. */
  readonly counts: Counts
}

/** What a failed call says about the open period that it may lead to. */
export interface Evidence {
  /** What the call rejected with, when it did. */
  readonly error?: unknown
  /** Milliseconds; lengthens the open period when it is longer. */
  readonly retryAfter?: number | undefined
}

// Further back than this, nobody knows how long ago a clock was set.
const BACKWARD_STEP = 1_000
// A Worker's clock reads 0 at the top level, and the milliseconds since 1970 in a request.
const TOP_LEVEL = 0
const CLOCK_START = 1e12

/** Takes note of the time. Moves all times along when the clock was set, rather than time passed. */
function advance(record: BreakerRecord, now: number): void {
  const { now: last } = record
  const step = now - last
  const set = step < -BACKWARD_STEP
  // Less than that may be two requests of one isolate that see different times. But an open period
  // never grows, not even by so little.
  if (step < 0 && !set && record.state !== "open") return
  record.now = now
  if (step >= 0 && (last !== TOP_LEVEL || step < CLOCK_START)) return
  // One early probe beats a period that does not end.
  record.since = set && record.state === "open" ? -Infinity : record.since + step
  for (const probe of record.probes ?? []) probe.at += step
  if (record.time) record.time.until = 0
}

/**
 * Lets time pass: ends an open period, clears a fixed window, rolls a rolling one.
 * As in gobreaker, a period is over strictly after its end.
 */
export function tick(record: BreakerRecord, policy: Policy, now: number): Transition | undefined {
  advance(record, now)
  const elapsed = record.now - record.since
  const { state, time } = record
  if (state === "open" && elapsed > record.openFor) {
    return transition(record, policy, "half-open", record.now)
  }
  if (state === "closed" && policy.interval && elapsed > policy.interval) {
    newGeneration(record, policy, record.now)
  }
  if (time) {
    const age = Math.floor(elapsed / policy.bucketPeriod)
    if (age !== time.age) roll(time, record.counts, age, policy.buckets)
  }
  return undefined
}

/**
 * Gives up a half-open call that is older than `probeTimeout`: that is a failure at the moment in
 * which its time was up, so the open period that follows may be over already.
 */
export function lapse(record: BreakerRecord, policy: Policy): Transition | undefined {
  const limit = policy.probeTimeout ?? record.openFor
  const oldest = record.probes?.[0]
  if (!oldest || !limit || record.now - oldest.at <= limit) return undefined
  return open(record, policy, oldest.at + limit)
}

/**
 * Admits a call, or says why not.
 *
 * @param period - That of a rolling window in which the call began; the present one by default.
 */
export function admit(record: BreakerRecord, policy: Policy, period?: number): Permit | "open" | "too-many" {
  if (record.state === "open") return "open"
  if (isSaturated(record, policy)) return "too-many"
  record.counts.requests += 1
  const { permit, time } = record
  if (record.probes) {
    const lease = `${record.generation}.${record.counts.requests}`
    const probe = { ...permit, at: record.now, lease }
    record.probes.push(probe)
    return probe
  }
  if (!time) return permit
  if (period === undefined) time.until = record.since + (time.age + 1) * policy.bucketPeriod
  const bucket = bucketOf(time, period ?? time.age)
  bucket.requests += 1
  if (permit.bucket !== bucket) record.permit = { ...permit, bucket }
  return record.permit
}

/**
 * Lets time pass and admits a call to the closed state. To find out anew for each that nothing else changes
 * would cost as much as a call that does nothing.
 */
export function admitClosed(record: BreakerRecord, policy: Policy, now: number): Permit {
  const { permit, time } = record
  if (time && now >= record.now && now < time.until) {
    record.now = now
    record.counts.requests += 1
    permit.bucket!.requests += 1
    return permit
  }
  tick(record, policy, now)
  return admit(record, policy) as Permit
}

/**
 * Books what an admitted call came to. A permit of an earlier generation changes nothing: that call
 * began in a state that is over. Settle a permit once.
 */
export function settle(
  record: BreakerRecord,
  policy: Policy,
  permit: Permit,
  outcome: Outcome,
  slow: boolean,
  evidence?: Evidence,
): Transition | undefined {
  if (permit.generation !== record.generation) return undefined
  if (record.probes) {
    // gobreaker never counts the failure that ends the half-open state.
    if (outcome === "failure") return open(record, policy, record.now, evidence)
    record.probes = record.probes.filter((probe) => probe !== permit)
    book(record, policy, permit, outcome, slow)
    const enough = record.counts.consecutiveSuccesses >= policy.maxRequests
    return enough ? transition(record, policy, "closed", record.now) : undefined
  }
  book(record, policy, permit, outcome, slow)
  const isAsked = outcome === "failure" || (slow && outcome === "success")
  return isAsked ? openIfReady(record, policy, { ...record.counts }, evidence) : undefined
}

/**
 * Opens a closed breaker if the rule says so, after another one that shares it has opened by what that had
 * counted itself. The windows of the two are not cut in the same places, so the rule is asked about
 * whichever has more; a streak is the one of all.
 */
export function agree(record: BreakerRecord, policy: Policy, own: Counts, evidence?: Evidence): Transition | undefined {
  const { state, counts, time } = record
  if (state !== "closed") return undefined
  // What may have left the other's window by now.
  if (time) roll(time, counts, time.age, policy.buckets - 1)
  const { consecutiveSuccesses, consecutiveFailures } = counts
  const more = { ...own }
  // Nobody else knows when a fixed window began.
  if (!policy.interval) for (const key in more) more[key as keyof Counts] = Math.max(own[key as keyof Counts], counts[key as keyof Counts])
  return openIfReady(record, policy, { ...more, consecutiveSuccesses, consecutiveFailures }, evidence)
}

function openIfReady(record: BreakerRecord, policy: Policy, counts: Counts, evidence?: Evidence): Transition | undefined {
  const { generation } = record
  const trips = ask(policy.report, "readyToTrip", BOOLEAN, false, policy.readyToTrip, counts)
  // Unless the callback called back into the breaker and changed the state itself.
  return trips && generation === record.generation ? open(record, policy, record.now, evidence) : undefined
}

/**
 * Lets the present state begin at `now`: for a closed breaker that was not brought up to date before a
 * call opened it, since nothing else in that state needs to know the time.
 */
export function beginNow(record: BreakerRecord, now: number): void {
  record.now = record.since = now
}

/** Opens the breaker now; one that is open keeps its end. */
export function trip(record: BreakerRecord, policy: Policy): Transition | undefined {
  return record.state === "open" ? undefined : open(record, policy, record.now)
}

/** Closes the breaker now and clears its counts. */
export function reset(record: BreakerRecord, policy: Policy): Transition | undefined {
  const change = transition(record, policy, "closed", record.now)
  return change.from === "closed" ? undefined : change
}

/**
 * Takes over what others who share the breaker found: it is closed, or has so much left of an open
 * period of `openFor`; less than nothing is left of one that is over.
 */
export function adopt(
  record: BreakerRecord,
  policy: Policy,
  state: "open" | "closed",
  remaining: number,
  opens: number,
  openFor: number = remaining,
): Transition | undefined {
  if (state === "closed") return record.state === "closed" ? undefined : reset(record, policy)
  const change = record.state === "open" ? undefined : transition(record, policy, "open", record.now)
  // How long half-open calls may take depends on the whole period, of which this may be a short rest.
  record.openFor = Math.max(openFor, remaining)
  record.since = record.now + remaining - record.openFor
  record.opens = opens
  return change
}

/** Milliseconds until a call may be admitted; 0 when one may be now. */
export function retryAfter(record: BreakerRecord, policy: Policy): number {
  const { state, openFor, now, since } = record
  let end = since + openFor
  if (state !== "open") {
    if (!isSaturated(record, policy)) return 0
    const { probeTimeout = openFor, timeout } = policy
    // Nobody knows when the calls end that have the slots. When none is given up, that is all there is to say.
    if (!probeTimeout) return Math.max(openFor, 1)
    // The oldest is given up then, by the next call that asks; the open period that this begins may be over
    // by now.
    end = (record.probes?.[0]?.at ?? now) + probeTimeout
    const next = typeof timeout === "number" ? timeout : 0
    if (now > end + next) return 0
  }
  // At the very end the answer is still no, and who is told 0 would spin.
  return Math.max(end - now, 1)
}

function isSaturated({ state, counts }: BreakerRecord, policy: Policy): boolean {
  return state === "half-open" && counts.requests - counts.totalExclusions >= policy.maxRequests
}

/** Counts what a call of this generation came to; {@link settle} sees to what follows from it. */
export function book(record: BreakerRecord, policy: Policy, permit: Permit, outcome: Outcome, slow: boolean): void {
  const { counts, time, calls } = record
  const { bucket } = permit
  const failed = outcome === "failure"
  if (outcome !== "excluded") {
    counts.consecutiveSuccesses = failed ? 0 : counts.consecutiveSuccesses + 1
    counts.consecutiveFailures = failed ? counts.consecutiveFailures + 1 : 0
  }
  if (time && bucket) {
    // Of a call that took longer than the window is, only the streak can know.
    if (time.age - bucket.age >= policy.buckets) return
    tally(bucket, outcome, slow)
  }
  // A window of calls has no place from which such a call could leave it again.
  if (calls && outcome === "excluded") counts.requests -= 1
  else tally(counts, outcome, slow)
  if (calls && outcome !== "excluded") push(calls, counts, failed, slow, policy.windowSize)
}

function open(record: BreakerRecord, policy: Policy, at: number, evidence?: Evidence): Transition | undefined {
  const { generation, opens } = record
  const openFor = openPeriod(policy, { opens: opens + 1, retryAfter: evidence?.retryAfter, error: evidence?.error })
  // As above: `timeout` may be a callback too.
  if (generation !== record.generation) return undefined
  record.opens += 1
  record.openFor = openFor
  return transition(record, policy, "open", at)
}

function transition(record: BreakerRecord, policy: Policy, to: State, at: number): Transition {
  const { state: from, counts } = record
  record.state = to
  if (to === "closed") record.opens = 0
  newGeneration(record, policy, at)
  return { from, to, counts }
}
