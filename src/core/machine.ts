/**
 * The state machine: which calls may start, and what each finished call changes.
 *
 * Pure. It reads no clock, starts no timer, holds no promise and calls no listener: the time comes in as an
 * argument, and a change of state goes out as a return value. Nothing happens on its own: time passes only in
 * {@link tick}, which a caller calls before any step that depends on the time.
 *
 * The rules are those of sony/gobreaker; the traces recorded from it replay without a difference
 * (`test/core/gobreaker-traces.test.ts`). The differences:
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
import { bucketOf, moveOn, push, roll, tally, toNumber } from "./window.ts"

/** A change of state. */
export interface Transition {
  readonly from: State
  readonly to: State
  /** The counts that led to the change. The new state starts from 0. */
  readonly counts: Counts
}

/** What a failed call contributes to the open period that it may lead to. */
export interface Evidence {
  /** What the call rejected with, if it rejected. */
  readonly error?: unknown
  /** Milliseconds; an open period that is shorter is lengthened to this. */
  readonly retryAfter?: number | undefined
}

// A clock that goes back by more than this was set. How much time really passed is then unknown.
const BACKWARD_STEP = 1_000
// A Worker's clock reads 0 at the top level, and the milliseconds since 1970 in a request.
const TOP_LEVEL = 0
const CLOCK_START = 1e12

/** Records the present time. When the clock was set, shifts all recorded times by the same step. */
function advance(record: BreakerRecord, now: number): void {
  const { now: last } = record
  const step = now - last
  const set = step < -BACKWARD_STEP
  // A smaller step back may come from two requests of one isolate that see different times, and is ignored.
  // Not while open: the open period would grow by it.
  if (step < 0 && !set && record.state !== "open") return
  record.now = now
  if (step >= 0 && (last !== TOP_LEVEL || step < CLOCK_START)) return
  // The clock was set back: end the open period. One early probe is better than a period that does not end.
  record.since = set && record.state === "open" ? -Infinity : record.since + step
  for (const probe of record.probes ?? []) probe.at += step
  if (record.time) record.time.until = -Infinity
}

/**
 * Lets time pass: ends an open period, clears a fixed window, moves a rolling one. As in gobreaker, the exact
 * end still belongs to a period.
 */
export function tick(record: BreakerRecord, policy: Policy, now: number): Transition | undefined {
  advance(record, now)
  const elapsed = record.now - record.since
  const { state, time } = record
  if (state === "open" && elapsed > record.openFor) {
    return transition(record, policy, "half-open")
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
 * Gives up the oldest half-open call if it is older than `probeTimeout`. It counts as a failure at the moment
 * its time was up, so the open period that follows may be over already.
 */
export function lapse(record: BreakerRecord, policy: Policy): Transition | undefined {
  const limit = policy.probeTimeout ?? record.openFor
  const oldest = record.probes?.[0]
  if (!oldest || !limit || record.now - oldest.at <= limit) return undefined
  const change = open(record, policy)
  if (change) record.since = oldest.at + limit
  return change
}

/**
 * Admits a call, or says why not.
 *
 * @param period - The period of a rolling window that counts the call; by default the latest that is known.
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
 * Does the work of {@link tick} and {@link admit} for a closed breaker. The short path is for a call in the
 * same bucket as the one before: all the checks again would cost as much as a call that does nothing.
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
 * Counts the outcome of an admitted call, and changes the state if it has to. A permit of an earlier
 * generation changes nothing, since its call began in a state that is over. Settle each permit only once.
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
    // As in gobreaker, the failure that ends the half-open state is not counted.
    if (outcome === "failure") return open(record, policy, evidence)
    record.probes = record.probes.filter((probe) => probe !== permit)
    book(record, policy, permit, outcome, slow)
    const enough = record.counts.consecutiveSuccesses >= policy.maxRequests
    return enough ? transition(record, policy, "closed") : undefined
  }
  book(record, policy, permit, outcome, slow)
  const isAsked = outcome === "failure" || (slow && outcome === "success")
  return isAsked ? openIfReady(record, policy, { ...record.counts }, evidence) : undefined
}

/**
 * Opens a shared record if `readyToTrip` agrees, after a breaker that shares it has opened by its own counts.
 * The windows of the two do not begin at the same times, so the rule gets the larger of both values for each
 * count. The streaks are those of the record, which cover all breakers.
 */
export function agree(record: BreakerRecord, policy: Policy, own: Counts, evidence?: Evidence): Transition | undefined {
  const { state, counts, time } = record
  if (state !== "closed") return undefined
  // Drop the oldest bucket: it may have left the window of the other breaker.
  if (time) roll(time, counts, time.age, policy.buckets - 1)
  const { consecutiveSuccesses, consecutiveFailures } = counts
  const more = { ...own }
  // When the fixed window of the other breaker began is unknown: then only its own counts are used.
  if (!policy.interval) for (const key of Object.keys(more) as (keyof Counts)[]) more[key] = Math.max(own[key], counts[key])
  return openIfReady(record, policy, { ...more, consecutiveSuccesses, consecutiveFailures }, evidence)
}

function openIfReady(record: BreakerRecord, policy: Policy, counts: Counts, evidence?: Evidence): Transition | undefined {
  const { generation } = record
  const trips = ask(policy.report, "readyToTrip", BOOLEAN, false, policy.readyToTrip, counts)
  // Not if the callback itself has changed the state by calling into the breaker.
  return trips && generation === record.generation ? open(record, policy, evidence) : undefined
}

/**
 * Dates the open period that has just begun from `now`. The record may hold an older time, since nothing in the
 * closed state of this breaker depends on it, or a later one, of before the clock went back by a little.
 */
export function openFrom(record: BreakerRecord, now: number): void {
  record.since += now - record.now
  record.now = now
}

/** Opens the breaker now. If it is open already, the end of its open period stays the same. */
export function trip(record: BreakerRecord, policy: Policy): Transition | undefined {
  return record.state === "open" ? undefined : open(record, policy)
}

/** Closes the breaker now and clears its counts. */
export function reset(record: BreakerRecord, policy: Policy): Transition | undefined {
  const change = transition(record, policy, "closed")
  return change.from === "closed" ? undefined : change
}

/**
 * Takes over the state of a shared record: closed, or open with `remaining` milliseconds left of a period of
 * `openFor`. A negative `remaining` means that the open period is over.
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
  const change = record.state === "open" ? undefined : transition(record, policy, "open")
  // Keep the full length, not only the remaining time: by default it limits how long half-open calls may
  // take.
  record.openFor = Math.max(openFor, remaining)
  record.since = record.now + remaining - record.openFor
  record.opens = opens
  return change
}

/** Milliseconds until a call may be admitted, a whole number since timers cut off the rest; 0 when one may be now. */
export function retryAfter(record: BreakerRecord, policy: Policy): number {
  const { state, since, openFor, now } = record
  let left = openFor - (now - since)
  if (state !== "open") {
    if (!isSaturated(record, policy)) return 0
    const { probeTimeout = openFor, timeout } = policy
    // After this time the next admission gives up the oldest call. The open period that this begins may be
    // over already. When calls that are never given up will end is unknown: the open period is the best estimate.
    const start = (probeTimeout ? record.probes?.[0]?.at : undefined) ?? now
    left = (probeTimeout || openFor) - (now - start)
    const next = typeof timeout === "number" ? timeout : 0
    if (left + next < 0) return 0
  }
  // At the exact end a call is still rejected: a caller that was told 0 would retry in a loop.
  return Math.max(Math.ceil(left), 1)
}

function isSaturated({ state, counts }: BreakerRecord, policy: Policy): boolean {
  return state === "half-open" && counts.requests - counts.totalExclusions >= policy.maxRequests
}

/** Counts the outcome of a call of this generation. {@link settle} decides what follows from it. */
export function book(record: BreakerRecord, policy: Policy, permit: Permit, outcome: Outcome, slow: boolean): void {
  const { counts, time, calls } = record
  const failed = outcome === "failure"
  if (outcome !== "excluded") {
    counts.consecutiveSuccesses = failed ? 0 : counts.consecutiveSuccesses + 1
    counts.consecutiveFailures = failed ? counts.consecutiveFailures + 1 : 0
  }
  if (time && permit.bucket) {
    const bucket = policy.atEnd ? moveOn(time, counts, permit.bucket, policy.buckets) : permit.bucket
    // A call that took longer than the window lasts changes only the streak.
    if (time.age - bucket.age >= policy.buckets) return
    tally(bucket, outcome, slow)
  }
  if (!calls) tally(counts, outcome, slow)
  // A window of calls does not hold excluded calls, so they must not stay in the count of requests.
  else if (outcome === "excluded") counts.requests -= 1
  else push(calls, counts, toNumber(failed, slow), policy.windowSize)
}

function open(record: BreakerRecord, policy: Policy, evidence?: Evidence): Transition | undefined {
  const { generation, opens } = record
  const openFor = openPeriod(policy, { opens: opens + 1, retryAfter: evidence?.retryAfter, error: evidence?.error })
  // `timeout` may be a callback too, and may have changed the state itself.
  if (generation !== record.generation) return undefined
  record.opens += 1
  record.openFor = openFor
  return transition(record, policy, "open")
}

function transition(record: BreakerRecord, policy: Policy, to: State): Transition {
  const { state: from, counts } = record
  record.state = to
  if (to === "closed") record.opens = 0
  newGeneration(record, policy, record.now)
  return { from, to, counts }
}
