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

// The failure detector of one member: turns observations into a verdict with its evidence.
//
// Evidence has two classes. Proof (the kernel reports that the process exited, or that it released its memory and so is
// exiting) marks the member failed at once. A refused or reset connection, a failed request or a late response only raises
// a suspicion: it triggers one probe on another channel, which clears the member or confirms the failure. So the deadline
// for silence can be tight: an occasional false suspicion does not cause a failover. Errors and slowness of a member that
// responds to probes make it degraded, never failed.
//
// Only expire() judges silence. It must be called after all pending input was delivered, and it computes the deadline
// again: a deadline triggers a check, it is not a verdict. While the observer is degraded, or all targets are late at the
// same time, silence makes a member unknown instead. The detector cannot tell a failed member from a failed path if the
// confirming probe takes the same path: fencing, not detection, makes a takeover safe.
//
// A gap that ended a false suspicion does not enter the long window of arrivals, which it would shift. It does enter the
// safety margin, which makes false suspicions rare: without it the margin would never grow and they would repeat. Gaps of
// confirmed failures and the observer's own pauses enter neither.
//
// Longer than most files because the state and its transitions are in one place. Confirmation, passive checks and the
// heartbeat timeout have files of their own.

export type Health = 'unknown' | 'starting' | 'healthy' | 'degraded' | 'suspect' | 'failed';

export type Confirm = {
  /** A confirming probe must be issued now. */
  readonly wanted: boolean;
  /** When the current probe was issued; null: none. */
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
  /** Evidence of the current suspicion, newest last, bounded. */
  readonly evidence: readonly Evidence[];
  /** When the current suspicion began. */
  readonly firstEvidenceAt: Instant | null;
  /** When expire() must be called. */
  readonly nextAt: Instant | null;
  readonly confirm: Confirm | null;
  /** Channel of the routine probes. */
  readonly channel: Channel;
  /** How the gap before the next response counts; see the top of this file. */
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

/** A member without probes: absent, frozen or cold. Only proof of its exit counts. */
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

/** `healthy`: it has already responded. `starting`: silence is no evidence before the first response. */
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
      // A timeout is silence, which only the deadline judges.
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
      // It is known to respond elsewhere: it stays degraded, and an error response is a response.
      return rearm({ ...seen, silence: { ...seen.silence, graceFrom: at } }, situation);
    default:
      return unreachable(fault);
  }
}

/** Proof that it no longer serves: failed at once. Its exit follows later and gives the status. */
export function memberExiting(state: DetectorState, event: MemberExiting): DetectorState {
  if (isProven(state) || !isAbout(state, event.incarnation)) return state;
  const { at, pid } = event;
  const fact = { code: 'exiting', pid } as const;
  return condemn(addEvidence(state, { at, channel: 'exit', fact }), 'exiting', at);
}

/** Proof: failed at once, whatever else is known; also for a member without probes, such as a frozen one. */
export function memberExited(state: DetectorState, event: MemberExited): DetectorState {
  if (hasEnded(state) || (state.watched && event.incarnation !== state.incarnation)) return state;
  const { at, how, exitCode, signal, pid } = event;
  const fact = how === 'exited' ? { code: how, exitCode, signal } : { code: how, pid };
  return condemn(addEvidence(state, { at, channel: 'exit', fact }), how, at);
}

/** Client requests failed on the member: they can reveal more than probes. */
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

/** What the data plane measured of the member in a window. */
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

/** Whether its silence deadline has passed, without regard to the observer's condition. */
export function isLate(state: DetectorState, { config, at, observer }: Situation): boolean {
  return isJudged(state) && lateFrom(config, state.silence, observer) <= at;
}

/** A deadline is due and all input up to it was read: computes it again and judges. */
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

/** The kernel reported that it no longer serves: later responses cannot change that. */
export function isProven(state: DetectorState): boolean {
  return hasEnded(state) || (state.health === 'failed' && state.reason === 'exiting');
}

function hasEnded({ health, reason }: DetectorState): boolean {
  return health === 'failed' && (reason === 'exited' || reason === 'vanished');
}
