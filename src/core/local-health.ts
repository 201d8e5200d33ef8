import { percentile } from './percentile.ts';
import type { HostSample } from './event.ts';
import type { DurationMs, Instant } from './time.ts';

// The health of the observer itself. Most false suspicions come from a slow observer: a blocked event loop, a starved or
// throttled process, a suspended host, a local network failure. Therefore:
// - A score from 0 to 8 (the local health multiplier of Lifeguard, arXiv 1707.00788) multiplies all timeouts.
// - The observer's own pauses are subtracted from every silence that they overlap.
// - After a pause as long as a timeout, silence counts for no member until another timeout has passed (Cassandra's rule).
// - If all targets are late at the same time, the observer assumes its own fault until its loopback echo has been on time
//   for a while. The echo proves that this host and its loopback work, which is all there is between the agent and members
//   on the same host. It proves nothing about a network to other hosts.
//
// A pause is stored as an interval, not as a sum: a silence is credited with exactly its overlap, so no pause counts twice
// for one target, or for a target that has responded since.
// Steps of the wall clock are counted for display only. A suspend does not advance the monotonic clock: there is nothing to
// credit, it only delays verdicts.

export type Pause = { readonly from: Instant; readonly until: Instant };

export type ObserverState = {
  /** 0: healthy. 8: worst. */
  readonly score: number;
  /** p99 delay of the agent's own timer, without pauses. */
  readonly ownLagP99Ms: DurationMs;
  /** No verdict from silence before this instant. */
  readonly holdUntil: Instant | null;
  /** All own pauses credited so far. */
  readonly creditMs: DurationMs;
  /** Since when all of several probed targets are late. */
  readonly allLateSince: Instant | null;
  /** Newest last, bounded. */
  readonly pauses: readonly Pause[];
  /** Newest last, bounded. */
  readonly ownLagsMs: readonly DurationMs[];
  readonly sampledAt: Instant;
  readonly raisedAt: Instant | null;
  readonly cleanSince: Instant;
  /** Since when every sample had an echo on time; null: the newest did not. */
  readonly echoFineSince: Instant | null;
  /** Steps of the wall clock seen: for display only. */
  readonly wallSteps: number;
};

const MAX_SCORE = 8;
const CLEAN_MS = 1000;
/** One stall appears in several samples; it raises the score once. */
const RAISE_SPACING_MS = 250;
/** A longer delay of a tick is a pause; a shorter one is usual lag. */
const PAUSE_MS = 20;
/** Half of the smallest margin (50 ms) for the tick, all of it for the echo, which includes two ticks. */
const LATE_TICK_MS = 25;
const LATE_ECHO_MS = 50;
/** Long enough for a stall of the whole host to appear in the echo. */
const WITNESS_MS = 2000;
/** Waiting for the CPU for a fifth of the time: the CPU is contended. */
const STARVED_SHARE = 0.2;
const STARVED_MS = 10;
const THROTTLED_MS = 5;
const SUSPEND_MS = 50;
const WALL_STEP_MS = 100;
/** Enough for several seconds of consecutive pauses; older ones precede any silence that is judged. */
const PAUSES_LIMIT = 32;
const LAG_SAMPLES = 100;

export function startObserver(at: Instant): ObserverState {
  return {
    score: 0,
    ownLagP99Ms: 0,
    holdUntil: null,
    creditMs: 0,
    allLateSince: null,
    pauses: [],
    ownLagsMs: [],
    sampledAt: at,
    raisedAt: null,
    cleanSince: at,
    echoFineSince: null,
    wallSteps: 0,
  };
}

export function sampleHost(
  state: ObserverState,
  sample: HostSample,
  at: Instant,
  options: { longestTimeoutMs: DurationMs },
): ObserverState {
  const paused = notePause(noteLag(state, sample.lateMs), sample.lateMs, at);
  const elapsedMs = Math.max(at - state.sampledAt, 1);
  const scored = isStrained(sample, elapsedMs) ? raiseScore(paused, at) : lowerScore(paused, at);
  const echoFine = sample.echoMs !== null && sample.echoMs <= LATE_ECHO_MS;
  const longPause = sample.lateMs > options.longestTimeoutMs || sample.suspendedMs > SUSPEND_MS;
  return {
    ...scored,
    sampledAt: at,
    echoFineSince: echoFine ? (state.echoFineSince ?? at) : null,
    holdUntil: longPause ? at + options.longestTimeoutMs : state.holdUntil,
    wallSteps: state.wallSteps + (Math.abs(sample.wallStepMs) > WALL_STEP_MS ? 1 : 0),
  };
}

/** Two or more probed targets, all late: assumed to be this host or its network until one of them responds. */
export function noteLateTargets(
  state: ObserverState,
  counts: { late: number; watched: number },
  at: Instant,
): ObserverState {
  const allLate = counts.watched >= 2 && counts.late >= counts.watched;
  if (!allLate) return state.allLateSince === null ? state : { ...state, allLateSince: null };
  if (state.allLateSince !== null) return state;
  // Do not raise the score: longer timeouts would make the targets less late and end this state.
  return { ...state, allLateSince: at };
}

/** The factor for all timeouts. */
export function patience(state: ObserverState): number {
  return state.score + 1;
}

/** Why silence counts for no member now; null: it counts. */
export function unfitness(
  state: ObserverState,
  at: Instant,
): 'observerUnfit' | 'allTargetsLate' | null {
  if (state.holdUntil !== null && state.holdUntil > at) return 'observerUnfit';
  return state.allLateSince === null || isVouchedFor(state, at) ? null : 'allTargetsLate';
}

/** Own pause within a silence that began at `since`. */
export function creditSince(state: ObserverState, since: Instant): DurationMs {
  let creditMs = 0;
  for (const pause of state.pauses)
    creditMs += Math.max(0, pause.until - Math.max(pause.from, since));
  return creditMs;
}

/** The echo has been on time for long enough since all targets became late: it is not this host. */
function isVouchedFor({ allLateSince, echoFineSince }: ObserverState, at: Instant): boolean {
  if (allLateSince === null || echoFineSince === null) return false;
  return at - Math.max(allLateSince, echoFineSince) >= WITNESS_MS;
}

function isStrained(sample: HostSample, elapsedMs: DurationMs): boolean {
  return (
    sample.lateMs > LATE_TICK_MS ||
    sample.suspendedMs > SUSPEND_MS ||
    sample.throttledMs > THROTTLED_MS ||
    (sample.runDelayMs > STARVED_MS && sample.runDelayMs / elapsedMs > STARVED_SHARE) ||
    (sample.echoMs !== null && sample.echoMs > LATE_ECHO_MS)
  );
}

function raiseScore(state: ObserverState, at: Instant): ObserverState {
  const spaced = state.raisedAt === null || at - state.raisedAt >= RAISE_SPACING_MS;
  if (!spaced) return { ...state, cleanSince: at };
  return { ...state, cleanSince: at, raisedAt: at, score: Math.min(MAX_SCORE, state.score + 1) };
}

function lowerScore(state: ObserverState, at: Instant): ObserverState {
  const cleanSeconds = Math.floor((at - state.cleanSince) / CLEAN_MS);
  if (cleanSeconds < 1) return state;
  return {
    ...state,
    cleanSince: state.cleanSince + cleanSeconds * CLEAN_MS,
    score: Math.max(0, state.score - cleanSeconds),
  };
}

function notePause(state: ObserverState, lateMs: DurationMs, at: Instant): ObserverState {
  if (lateMs < PAUSE_MS) return state;
  // Two samples can contain the same stall; do not credit the known part again.
  const from = Math.max(at - lateMs, state.pauses.at(-1)?.until ?? 0);
  if (from >= at) return state;
  return {
    ...state,
    pauses: [...state.pauses, { from, until: at }].slice(-PAUSES_LIMIT),
    creditMs: state.creditMs + (at - from),
  };
}

function noteLag(state: ObserverState, lateMs: DurationMs): ObserverState {
  if (lateMs >= PAUSE_MS) return state;
  const ownLagsMs = [...state.ownLagsMs, Math.max(0, lateMs)].slice(-LAG_SAMPLES);
  return { ...state, ownLagsMs, ownLagP99Ms: percentile(ownLagsMs, 0.99) ?? 0 };
}
