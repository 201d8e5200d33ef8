import type { DetectionConfig } from './config.ts';
import type { DetectorState } from './detect.ts';
import { patience, unfitness, type ObserverState } from './local-health.ts';
import type { Evidence, HealthReason } from './reasons.ts';
import { suspectFrom } from './heartbeat-timeout.ts';
import type { DurationMs, Instant } from './time.ts';

// The transitions of a detector: suspected, cleared, failed, no verdict. Each keeps health, evidence, confirmation and
// deadline consistent; the callers decide which one applies.

/** What a verdict depends on besides the detector's state. */
export type Situation = {
  readonly config: DetectionConfig;
  readonly at: Instant;
  readonly observer: ObserverState;
};

/** Number of failed probes, of one timeout each, that confirm a failure. */
export const CONFIRMING_PROBES = 2;
const EVIDENCE_LIMIT = 16;
const DETAIL_LIMIT = 200;
/** A degraded observer recovers by one step per second, so deadlines are checked as often. */
const RECHECK_MS: DurationMs = 1000;

/** Probed, past its start and not failed: observations can change its health. */
export function isJudged(state: DetectorState): boolean {
  return state.watched && state.health !== 'starting' && state.health !== 'failed';
}

/** Adds one observation; the first one sets the begin of the suspicion. */
export function addEvidence(state: DetectorState, evidence: Evidence): DetectorState {
  const kept = state.evidence.slice(-(EVIDENCE_LIMIT - 1));
  return {
    ...state,
    evidence: [...kept, shorten(evidence)],
    firstEvidenceAt: state.firstEvidenceAt ?? evidence.at,
  };
}

/** Begins a suspicion and requests a confirming probe at once. An existing suspicion continues. */
export function suspect(
  state: DetectorState,
  reason: HealthReason,
  { config, at, observer }: Situation,
): DetectorState {
  if (state.health === 'suspect') return state;
  const deadline = at + CONFIRMING_PROBES * config.timeoutMs * patience(observer);
  return {
    ...state,
    health: 'suspect',
    reason,
    since: at,
    gap: 'mistake',
    nextAt: deadline,
    confirm: { wanted: true, sentAt: null, deadline, failures: 0 },
  };
}

/** A response: back to healthy, or degraded by its service quality. */
export function clearDoubt(state: DetectorState, situation: Situation): DetectorState {
  const { degraded, badWindows } = state.quality;
  const health = degraded === null ? 'healthy' : 'degraded';
  const evidence =
    degraded === null
      ? state.evidence.filter((item) => badWindows > 0 && isComplaint(item))
      : state.evidence;
  const calm: DetectorState = {
    ...state,
    health,
    reason: degraded ?? 'answering',
    since: state.health === health ? state.since : situation.at,
    evidence,
    firstEvidenceAt: evidence[0]?.at ?? null,
    confirm: null,
  };
  return rearm(calm, situation);
}

export function condemn(state: DetectorState, reason: HealthReason, at: Instant): DetectorState {
  const over = { nextAt: null, confirm: null, gap: 'excused' } as const;
  return { ...state, ...over, health: 'failed', reason, since: at };
}

/** The observer may be at fault: no verdict, and a full timeout once it is healthy again. */
export function excuse(
  state: DetectorState,
  reason: 'observerUnfit' | 'allTargetsLate',
  { config, at, observer }: Situation,
): DetectorState {
  const held = observer.holdUntil !== null && observer.holdUntil > at;
  return {
    ...state,
    health: 'unknown',
    reason,
    since: state.health === 'unknown' ? state.since : at,
    gap: 'excused',
    confirm: null,
    silence: { ...state.silence, graceFrom: at },
    nextAt: held ? observer.holdUntil : at + config.intervalMs,
  };
}

/** Sets the next instant at which the member's silence must be judged. A suspicion has its own deadline. */
export function rearm(state: DetectorState, { config, at, observer }: Situation): DetectorState {
  if (state.health === 'suspect') return state;
  const deadline = suspectFrom(config, state.silence, observer);
  const blurred = observer.score > 0 || unfitness(observer, at) !== null;
  return { ...state, nextAt: blurred ? Math.min(deadline, at + RECHECK_MS) : deadline };
}

/** Failures of client requests: responses to probes do not refute them, better windows do. */
function isComplaint({ fact }: Evidence): boolean {
  return fact.code === 'errorShare' || fact.code === 'slow';
}

function shorten(evidence: Evidence): Evidence {
  const { fact } = evidence;
  if (fact.code !== 'probeFailed' || fact.detail.length <= DETAIL_LIMIT) return evidence;
  return { ...evidence, fact: { ...fact, detail: fact.detail.slice(0, DETAIL_LIMIT) } };
}
