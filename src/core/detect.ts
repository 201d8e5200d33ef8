import { noteArrival, startArrivals } from './expected-arrival.ts';
import { unreachable } from './assert.ts';
import { noteWindow } from './passive-checks.ts';
import type { DetectionConfig } from './config.ts';
import { confirmationFailed, confirmationSucceeded, judgeConfirmation } from './confirmation.ts';
import {
  addEvidence,
  clearDoubt,
  condemn,
  excuse,
  isJudged,
  rearm,
  suspect,
  type Situation,
} from './suspicion.ts';
import type {
  MemberExiting,
  MemberExited,
  ProbeFailed,
  ProbeSucceeded,
  TrafficFailed,
  TrafficSampled,
} from './event.ts';
import { noteLateness, startRecord } from './safety-margin.ts';
import { creditSince, unfitness, type ObserverState } from './local-health.ts';
import { GOOD_QUALITY, noteAnswer, type Quality, type QualityLimits } from './outlier-detection.ts';
import type { Channel, Evidence, HealthReason, ProbeFault } from './reasons.ts';
import { expectedAt, lateFrom, marginMs, suspectFrom, type Silence } from './heartbeat-timeout.ts';
import type { Instant } from './time.ts';

// One member's failure detector: turns observations into a verdict, with the evidence it rests on.
//
// Evidence has classes. Proof (the kernel says that the process ended, or that it has lost its memory and so
// is ending) condemns at once. A refused or
// reset connection, a failed request or a silence longer than expected only raises a suspicion, which
// costs one probe on another channel at once; that probe clears the member or condemns it. So the
// deadline for silence can be tight enough to be wrong now and then without a false failover.
// Errors and slowness while beats are fine make a member degraded, never failed.
//
// Silence is judged only by expire(), which must be called after everything that already arrived has
// been delivered, and which computes the deadline afresh: a deadline is a reason to look, not a
// verdict. While the observer is unfit, or all targets are late at once, silence makes a member
// unknown instead. It does not tell a dead member from a dead path to it where the confirming probe
// takes the same path: fencing, not detection, makes a takeover safe.
//
// A gap that ended a suspicion is left out of the long window of arrivals, which it would shift; it
// does enter the record margin, which is what makes mistakes rare (left out of both, the margin could
// never grow and mistakes would repeat). Gaps that were no mistake (confirmed, or our own) enter neither.
//
// Longer than most files because the state and every transition that others call are in one place; how
// a doubt is confirmed, what clients say and how long silence may last have files of their own.

export type Health = 'unknown' | 'starting' | 'healthy' | 'degraded' | 'suspect' | 'failed';

export type Confirm = {
  /** A confirming probe should be issued now. */
  readonly wanted: boolean;
  /** When the probe under way was issued; null: none is. */
  readonly sentAt: Instant | null;
  readonly deadline: Instant;
  readonly failures: number;
};

export type DetectorState = {
  readonly watched: boolean;
  readonly incarnation: number;
  readonly health: Health;
  readonly reason: HealthReason;
  readonly since: Instant;
  /** Newest last, bounded: those of the current doubt. */
  readonly evidence: readonly Evidence[];
  /** When the current doubt began. */
  readonly firstEvidenceAt: Instant | null;
  /** When expire() must be called. */
  readonly nextAt: Instant | null;
  readonly confirm: Confirm | null;
  /** Channel of the routine beats. */
  readonly channel: Channel;
  /** What the gap before the next beat means for what is learnt: see the top of this file. */
  readonly gap: 'usual' | 'mistake' | 'excused';
  readonly silence: Silence;
  readonly quality: Quality;
};

export type ConfirmOutcome =
  | { readonly ok: true; readonly latencyMs: number; readonly channel: Channel }
  | {
      readonly ok: false;
      readonly fault: ProbeFault;
      readonly detail: string;
      readonly channel: Channel;
    };

/** A member that is not watched: absent, frozen, cold. Only proof of its end counts. */
export function idleDetector(at: Instant, reason: HealthReason): DetectorState {
  return {
    watched: false,
    incarnation: 0,
    health: 'unknown',
    reason,
    since: at,
    evidence: [],
    firstEvidenceAt: null,
    nextAt: null,
    confirm: null,
    channel: 'passive',
    gap: 'usual',
    silence: {
      arrivals: startArrivals(at),
      record: startRecord(at),
      lastBeatAt: at,
      graceFrom: null,
      hastened: false,
    },
    quality: GOOD_QUALITY,
  };
}

/** `healthy`: it has answered already. `starting`: silence is no evidence until it has. */
export function watchMember(
  config: DetectionConfig,
  incarnation: number,
  at: Instant,
  health: 'starting' | 'healthy',
): DetectorState {
  const reason = health === 'healthy' ? 'answering' : 'starting';
  const fresh = {
    ...idleDetector(at, reason),
    watched: true,
    incarnation,
    health,
  };
  if (health === 'starting') return fresh;
  return { ...fresh, nextAt: at + config.intervalMs };
}

export function probeSucceeded(
  config: DetectionConfig,
  state: DetectorState,
  event: ProbeSucceeded,
  observer: ObserverState,
): DetectorState {
  if (!isAbout(state, event.incarnation) || isProven(state)) return state;
  const { arrivals, record } = state.silence;
  const { at, sequence, channel } = event;
  if (arrivals.lastSequence !== null && sequence <= arrivals.lastSequence) return state;
  const usual = state.gap === 'usual' && creditSince(observer, arrivals.lastAt) === 0;
  const learns = arrivals.lastSequence !== null && state.gap !== 'excused';
  const latenessMs = learns ? at - expectedAt(config, state.silence, observer) : 0;
  const silence: Silence = {
    arrivals: noteArrival(arrivals, { sequence, at, usual }, config.intervalMs),
    record: noteLateness(record, latenessMs, at, config.falseSuspicionEveryMs),
    lastBeatAt: at,
    graceFrom: null,
    hastened: false,
  };
  const quality = noteAnswer(state.quality, at);
  const situation = { config, at, observer };
  return clearDoubt({ ...state, silence, quality, gap: 'usual', channel }, situation);
}

export function probeFailed(
  config: DetectionConfig,
  state: DetectorState,
  event: ProbeFailed,
  observer: ObserverState,
): DetectorState {
  if (!isAbout(state, event.incarnation) || !isJudged(state)) return state;
  const { at, channel, fault, detail } = event;
  const situation = { config, at, observer };
  const seen = addEvidence(state, { at, channel, fact: { code: 'probeFailed', fault, detail } });
  switch (fault) {
    case 'timeout':
      // No answer is silence, and silence is judged by its deadline.
      return seen;
    case 'refused':
    case 'reset':
    case 'closed':
    case 'unreachable':
      return suspect(seen, 'refused', situation);
    case 'badStatus':
    case 'badAnswer':
    case 'commandFailed':
      if (state.quality.degraded !== 'requestsFailing') {
        return suspect(seen, 'requestsFailing', situation);
      }
      // Already known to answer elsewhere: it stays degraded, and its no is a sign of life.
      return rearm({ ...seen, silence: { ...seen.silence, graceFrom: at } }, situation);
    default:
      return unreachable(fault);
  }
}

/** Proof that it serves no more: failed at once. Its exit, which is yet to come, will say how it ended. */
export function memberExiting(state: DetectorState, event: MemberExiting): DetectorState {
  if (isProven(state) || !isAbout(state, event.incarnation)) return state;
  const { at, pid } = event;
  const fact = { code: 'exiting', pid } as const;
  return condemn(addEvidence(state, { at, channel: 'exit', fact }), 'exiting', at);
}

/** Proof: failed at once, whatever else is known. Of an unwatched member, a frozen one, too. */
export function memberExited(state: DetectorState, event: MemberExited): DetectorState {
  if (hasEnded(state) || (state.watched && event.incarnation !== state.incarnation)) return state;
  const { at, how, exitCode, signal, pid } = event;
  const fact = how === 'exited' ? { code: how, exitCode, signal } : { code: how, pid };
  return condemn(addEvidence(state, { at, channel: 'exit', fact }), how, at);
}

/** Requests of real clients failed on the member: they may know better than the probes. */
export function trafficFailed(
  config: DetectionConfig,
  state: DetectorState,
  event: TrafficFailed,
  observer: ObserverState,
): DetectorState {
  if (!isJudged(state)) return state;
  const { at, fault, count } = event;
  const fact = { code: 'requestFailed', fault, count } as const;
  const seen = addEvidence(state, { at, channel: 'passive', fact });
  if (fault === 'timeout' && unfitness(observer, at) !== null) return seen;
  const reason = fault === 'refused' ? 'refused' : 'requestsFailing';
  return suspect(seen, reason, { config, at, observer });
}

/** What the data plane saw of the member in a window. */
export function trafficSampled(
  config: DetectionConfig,
  state: DetectorState,
  event: TrafficSampled,
  limits: QualityLimits,
  observer: ObserverState,
): DetectorState {
  if (!isJudged(state)) return state;
  return noteWindow(state, event, { limits, situation: { config, at: event.at, observer } });
}

export function confirmSent(state: DetectorState, at: Instant): DetectorState {
  if (state.confirm === null) return state;
  return { ...state, confirm: { ...state.confirm, wanted: false, sentAt: at } };
}

export function confirmEnded(
  config: DetectionConfig,
  state: DetectorState,
  outcome: ConfirmOutcome,
  at: Instant,
  observer: ObserverState,
): DetectorState {
  if (!isJudged(state)) return state;
  const situation = { config, at, observer };
  if (outcome.ok) return confirmationSucceeded(state, outcome.channel, situation);
  return confirmationFailed(state, outcome, situation);
}

/** Its silence deadline has passed, whatever excuses there are. */
export function isLate(state: DetectorState, { config, at, observer }: Situation): boolean {
  return isJudged(state) && lateFrom(config, state.silence, observer) <= at;
}

/** A deadline was due and everything that had arrived by then is known: reads it again and judges. */
export function expire(
  config: DetectionConfig,
  state: DetectorState,
  at: Instant,
  observer: ObserverState,
): DetectorState {
  if (state.nextAt === null || state.nextAt > at) return state;
  switch (state.health) {
    case 'healthy':
    case 'degraded':
    case 'unknown':
      return judgeSilence(state, { config, at, observer });
    case 'suspect':
      return judgeConfirmation(state, { config, at, observer });
    case 'starting':
    case 'failed':
      return { ...state, nextAt: null };
    default:
      return unreachable(state.health);
  }
}

function judgeSilence(state: DetectorState, situation: Situation): DetectorState {
  const { config, at, observer } = situation;
  const unfit = unfitness(observer, at);
  if (unfit !== null && isLate(state, situation)) return excuse(state, unfit, situation);
  if (suspectFrom(config, state.silence, observer) > at) return rearm(state, situation);
  const { lastBeatAt } = state.silence;
  const fact = {
    code: 'silent',
    silentMs: at - lastBeatAt,
    expectedMs: expectedAt(config, state.silence, observer) - lastBeatAt,
    marginMs: marginMs(config, state.silence, observer),
  } as const;
  return suspect(addEvidence(state, { at, channel: state.channel, fact }), 'silent', situation);
}

function isAbout(state: DetectorState, incarnation: number): boolean {
  return state.watched && incarnation === state.incarnation;
}

/** The kernel said that it serves no more: nothing that arrives later revives it. */
export function isProven(state: DetectorState): boolean {
  return hasEnded(state) || (state.health === 'failed' && state.reason === 'exiting');
}

function hasEnded({ health, reason }: DetectorState): boolean {
  return health === 'failed' && (reason === 'exited' || reason === 'vanished');
}
