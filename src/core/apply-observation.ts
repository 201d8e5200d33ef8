import { assert } from './assert.ts';
import * as detect from './detect.ts';
import type { DetectorState } from './detect.ts';
import type {
  MemberExiting,
  MemberExited,
  PositionReported,
  ProbeFailed,
  ProbeSucceeded,
  TrafficFailed,
  TrafficSampled,
} from './event.ts';
import { noteAnswer } from './newest-copy.ts';
import { leftAfter } from './exact-pow.ts';
import { registerFailure } from './rejoin.ts';
import type { MemberState, Performance } from './state.ts';
import { isPending, memberOf, note, updateMember, type StepContext } from './step-context.ts';

// Updates the known state of a member from an observation. Decides nothing.

const LATENCIES_KEPT = 32;
/** Half-life of the weight of requests and errors. */
const PERFORMANCE_HALF_LIFE_MS = 1000;

export function probeSucceeded(context: StepContext, event: ProbeSucceeded): void {
  const member = memberOf(context, event.member);
  if (event.incarnation !== member.incarnation) return;
  applyDetector(
    context,
    member.name,
    detect.probeSucceeded(context.config.detection, member.detector, event, context.observer),
  );
  const { performance } = memberOf(context, member.name);
  const probeLatenciesMs = [...performance.probeLatenciesMs, event.latencyMs].slice(
    -LATENCIES_KEPT,
  );
  updateMember(context, member.name, { performance: { ...performance, probeLatenciesMs } });
  noteAnswer(context, member.name);
  if (member.lifecycle === 'running') {
    updateMember(context, member.name, { rehearsedAt: context.at, rehearsingSince: null });
  }
}

export function probeFailed(context: StepContext, event: ProbeFailed): void {
  const member = memberOf(context, event.member);
  applyDetector(
    context,
    member.name,
    detect.probeFailed(context.config.detection, member.detector, event, context.observer),
  );
}

export function trafficFailed(context: StepContext, event: TrafficFailed): void {
  const member = memberOf(context, event.member);
  if (member.lifecycle !== 'running') return;
  applyDetector(
    context,
    member.name,
    detect.trafficFailed(context.config.detection, member.detector, event, context.observer),
  );
}

export function trafficSampled(context: StepContext, event: TrafficSampled): void {
  const member = memberOf(context, event.member);
  updateMember(context, member.name, {
    performance: withWindow(member.performance, event),
  });
  if (event.requests > event.errors) noteAnswer(context, member.name);
  if (member.lifecycle !== 'running') return;
  const { p95Ms, errorShare } = context.config.takeover;
  const detector = detect.trafficSampled(
    context.config.detection,
    member.detector,
    event,
    { p95Ms, errorShare },
    context.observer,
  );
  applyDetector(context, member.name, detector);
}

/** Reports can arrive late: the newest one about the present copy counts. */
export function positionReported(context: StepContext, event: PositionReported): void {
  const { name, incarnation, position: known } = memberOf(context, event.member);
  const { history, timeline, position, ageMs } = event;
  assert(ageMs >= 0, 'a report is of the past');
  const asOf = context.at - ageMs;
  if (event.incarnation !== incarnation || (known !== null && asOf < known.asOf)) return;
  if (isPending(context, name, ['rejoinMember'])) return;
  updateMember(context, name, { position: { history, timeline, position, asOf } });
}

/** No evidence that the member stopped serving before now. */
export function isBelieved({ detector: { health } }: MemberState): boolean {
  return health !== 'suspect' && health !== 'failed';
}

/** The result of these effects reports the exit that they cause. */
const ENDS = ['stopMember', 'fenceMember'] as const;

/** The member no longer serves but still exists: its lifecycle stays until its exit or its fence is reported. */
export function memberExiting(context: StepContext, event: MemberExiting): void {
  const { name, lifecycle, detector } = memberOf(context, event.member);
  if (lifecycle !== 'running' || isPending(context, name, ENDS)) return;
  applyDetector(context, name, detect.memberExiting(detector, event));
}

/** Proof that the process exited. */
export function memberExited(context: StepContext, event: MemberExited): void {
  const member = memberOf(context, event.member);
  if (event.incarnation !== member.incarnation || member.lifecycle === 'absent') return;
  if (isPending(context, member.name, ENDS)) {
    if (member.detector.reason === 'exiting') noteHowItEnded(context, member, event);
    return;
  }
  const starting = member.lifecycle === 'starting';
  if (!starting && isBelieved(member)) noteAnswer(context, member.name);
  // A member that was already marked failed counts as one failure.
  if (member.detector.health !== 'failed')
    registerFailure(context, member.name, starting ? 'startFailed' : null, exitText(event));
  const detector = starting
    ? detect.idleDetector(context.at, 'startFailed')
    : detect.memberExited(member.detector, event);
  updateMember(context, member.name, {
    lifecycle: 'absent',
    pid: null,
    readySince: null,
    fenced: false,
    detector,
  });
}

/** The incident began when the process started to exit; its exit status is known only now. */
function noteHowItEnded(
  context: StepContext,
  { name, detector }: MemberState,
  event: MemberExited,
): void {
  const ended = detect.memberExited(detector, event);
  const evidence = ended.evidence.at(-1);
  applyDetector(context, name, ended);
  if (evidence !== undefined) note(context, { code: 'evidence', member: name, evidence });
}

function exitText(event: MemberExited): string {
  if (event.signal !== null) return event.signal;
  return event.exitCode === null ? event.how : String(event.exitCode);
}

/** Stores a new detector state and its consequences for the member. */
export function applyDetector(context: StepContext, name: string, detector: DetectorState): void {
  const member = memberOf(context, name);
  updateMember(context, name, { detector });
  noteDoubt(context, name, member.detector.health, detector);
  if (detector.health === 'failed' && member.detector.health !== 'failed') {
    registerFailure(context, name, null, detector.reason);
    if (context.config.mode === 'manage') updateMember(context, name, { fenced: false });
  }
  const answering = detector.health === 'healthy' || detector.health === 'degraded';
  if (answering && member.readySince === null && member.lifecycle === 'running') {
    updateMember(context, name, { readySince: context.at });
  }
}

/** A suspicion that begins or ends during an incident is part of its timeline. */
function noteDoubt(
  context: StepContext,
  member: string,
  before: DetectorState['health'],
  { health, evidence }: DetectorState,
): void {
  if (health === 'suspect' && before !== 'suspect')
    note(context, { code: 'suspected', member, evidence: evidence.at(-1) ?? null });
  if (health === 'healthy' && before === 'suspect') note(context, { code: 'cleared', member });
}

function withWindow(before: Performance, event: TrafficSampled): Performance {
  const decay = leftAfter(Math.max(0, event.at - before.at) / PERFORMANCE_HALF_LIFE_MS);
  const requests = before.requests * decay + event.requests;
  const weight = requests > 0 ? event.requests / requests : 0;
  const clientP95Ms =
    event.p95Ms === null
      ? before.clientP95Ms
      : before.clientP95Ms === null
        ? event.p95Ms
        : before.clientP95Ms * (1 - weight) + event.p95Ms * weight;
  return {
    ...before,
    requests,
    errors: before.errors * decay + event.errors,
    clientP95Ms,
    at: event.at,
  };
}
