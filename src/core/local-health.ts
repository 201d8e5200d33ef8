import { percentile } from './percentile.ts';
import type { HostSample } from './event.ts';
import type { DurationMs, Instant } from './time.ts';

// Whether the observer itself is fit to judge. Most false suspicions are made at home: a stalled event
// loop, a starved or throttled process, a host that was suspended, a network of one's own that is down.
// So the observer is observed too. A score from 0 to 8 (the local health multiplier of Lifeguard,
// arXiv 1707.00788) multiplies all patience; its own pauses are taken off every silence that they
// overlap; after a pause as long as a time-out nobody is judged by silence for another time-out
// (Cassandra's rule); and when all targets are late at once it is taken for our own fault, until the
// agent's own loopback echo has come back on time for a while: that witness clears this host and its
// loopback, which is all there is between the agent and members on the same host. It would say nothing
// of a network to members elsewhere.
//
// A pause is kept as an interval, not as a sum: a silence is credited with exactly its overlap, so no
// pause counts twice for one target, nor for a target that has answered since.
// Steps of the wall clock are counted for display and decide nothing. A suspend does not advance the
// monotonic clock, so there is nothing to credit; it only holds verdicts.

export type Pause = { readonly from: Instant; readonly until: Instant };

export type ObserverState = {
  /** 0: fit. 8: hardly fit. */
  readonly score: number;
  /** 99th percentile of the lateness of the agent's own timer, its pauses left out. */
  readonly ownLagP99Ms: DurationMs;
  /** No verdict by silence before. */
  readonly holdUntil: Instant | null;
  /** All own pauses credited so far. */
  readonly creditMs: DurationMs;
  /** Since when all of several watched targets are late. */
  readonly allLateSince: Instant | null;
  /** Newest last, bounded. */
  readonly pauses: readonly Pause[];
  /** Newest last, bounded. */
  readonly ownLagsMs: readonly DurationMs[];
  readonly sampledAt: Instant;
  readonly raisedAt: Instant | null;
  readonly cleanSince: Instant;
  /** Since when every sample brought an echo on time; null: the newest did not. */
  readonly echoFineSince: Instant | null;
  /** Steps of the wall clock seen: for display only. */
  readonly wallSteps: number;
};

const MAX_SCORE = 8;
const CLEAN_MS = 1000;
/** One stall shows in several samples; it raises the score once. */
const RAISE_SPACING_MS = 250;
/** A tick that is later than this was a pause; a smaller delay belongs to the usual lag. */
const PAUSE_MS = 20;
/** Half of the smallest margin (50 ms) for the tick, all of it for the echo, which includes two ticks. */
const LATE_TICK_MS = 25;
const LATE_ECHO_MS = 50;
/** Long enough that a stall of the whole host would have shown in the echo as well. */
const WITNESS_MS = 2000;
/** Runnable but not running for a fifth of the time: the processor is contended. */
const STARVED_SHARE = 0.2;
const STARVED_MS = 10;
const THROTTLED_MS = 5;
const SUSPEND_MS = 50;
const WALL_STEP_MS = 100;
/** Enough for several seconds of one pause after the other; older ones lie before any silence judged. */
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

/** Two or more watched and all late at once: that is our host or our network until one of them answers. */
export function noteLateTargets(
  state: ObserverState,
  counts: { late: number; watched: number },
  at: Instant,
): ObserverState {
  const allLate = counts.watched >= 2 && counts.late >= counts.watched;
  if (!allLate) return state.allLateSince === null ? state : { ...state, allLateSince: null };
  if (state.allLateSince !== null) return state;
  // The score stays: more patience would make them less late and end the very state it answers.
  return { ...state, allLateSince: at };
}

/** What every patience is multiplied with. */
export function patience(state: ObserverState): number {
  return state.score + 1;
}

/** Why nobody may be judged by silence now; null: judging is allowed. */
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

/** The echo has been fine for long enough since all targets became late: it is not us. */
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
  // Two samples may see the same stall; the part already known is not credited again.
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
