import { unreachable } from './assert.ts';
import { fallbacksOf, rankCandidates, type Candidate } from './candidates.ts';
import {
  endIncident,
  noteServed,
  openIncident,
  recordIncident,
  updateIncident,
} from './incident.ts';
import { firstActive, isStartOpen } from './initial-active.ts';
import { isLeaseLost, mayAcquire, release } from './lease.ts';
import { isProven } from './detect.ts';
import type { CandidateVerdict, Cause, GateRefusal } from './reasons.ts';
import { isPlanned, type Choosing, type MemberState } from './state.ts';
import type { Instant } from './time.ts';
import { abortOperation, retryPause } from './plan-rollback.ts';
import { NEW_OPERATION, planTakeover } from './takeover.ts';
import { orderFence } from './members.ts';
import { mayForward, tellDeath } from './route.ts';
import { localMembers, memberOf, note, refuse, type StepContext } from './step-context.ts';

// The unplanned takeover: the active member has failed, so another one must take over. It begins with the verdict, never
// earlier; preparing a standby, which is harmless, begins with the first suspicion. A failover is irreversible and has no
// deadline: it ends when a member is serving. While no candidate is eligible, all members are prepared and the old active
// member is restarted in place; the first eligible one takes over.

/** Begins the required operation, unless the current one already covers it. */
export function considerFailover(context: StepContext): void {
  const { operation, leadership } = context.service;
  if (operation !== null && (!isPlanned(operation) || operation.step === 'taking')) return;
  switch (leadership.who) {
    case 'nobody':
      return beginStart(context);
    case 'here':
      return considerLeaving(context, memberOf(context, leadership.member));
    case 'elsewhere':
      return considerFollowing(context, leadership);
    default:
      return unreachable(leadership);
  }
}

function considerLeaving(context: StepContext, active: MemberState): void {
  const cause = causeToLeave(context, active);
  if (cause === null) return;
  if (context.service.paused) refuse(context, { code: 'paused' });
  else beginFailover(context, active, cause, null);
}

/** The leading host has not renewed its lease, or has released it: a member of this host takes over. */
function considerFollowing(context: StepContext, leader: { host: string; member: string }): void {
  const { lease, paused } = context.service;
  if (!mayAcquire(lease, context.host, context.at) || localMembers(context).length === 0) return;
  if (paused) refuse(context, { code: 'paused' });
  else beginFailoverFrom(context, leader);
}

function causeToLeave(context: StepContext, active: MemberState): Cause | null {
  if (hasFailed(active))
    return { code: 'memberFailed', member: active.name, reason: active.detector.reason };
  return isLeaseLost(context) ? { code: 'leaseLost', member: active.name } : null;
}

function hasFailed(member: MemberState): boolean {
  return member.detector.health === 'failed' || member.lifecycle === 'absent';
}

/** The initial active member of this agent: the last holder of the lease, otherwise the preferred member. */
function beginStart(context: StepContext): void {
  const { startMs, readyMs } = context.config.timeouts;
  context.service = {
    ...context.service,
    operation: {
      ...NEW_OPERATION,
      ...CHOOSE_AT_ONCE,
      kind: 'start',
      startedAt: context.at,
      deadline: context.at + startMs + readyMs,
    },
  };
}

const CHOOSE_AT_ONCE = { step: 'choosing', notBefore: 0 } as const;

/** The former active member is on another host. Its lease expired; its last renewal counts as its last response. */
function beginFailoverFrom(
  context: StepContext,
  { host, member }: { host: string; member: string },
): void {
  endIncident(context);
  const incident = openIncident(context, {
    kind: 'failover',
    cause: { code: 'leaseExpired', host, member },
    from: member,
    wellUntil: context.service.lease.seenAt,
  });
  context.service = {
    ...context.service,
    failovers: withThisFailover(context),
    operation: {
      ...NEW_OPERATION,
      ...CHOOSE_AT_ONCE,
      kind: 'failover',
      incident,
      startedAt: context.at,
      deadline: null,
      fromGone: true,
    },
  };
}

/** only: the operator's choice, the only candidate of the first attempt. */
export function beginFailover(
  context: StepContext,
  from: MemberState,
  cause: Cause,
  only: string | null,
): void {
  const { operation } = context.service;
  if (operation !== null) abortOperation(context, operation);
  endIncident(context);
  const incident = openIncident(context, {
    kind: 'failover',
    cause,
    from: from.name,
    wellUntil: wellUntil(context, from, cause),
  });
  note(context, {
    code: 'verdict',
    member: from.name,
    health: from.detector.health,
    reason: from.detector.reason,
  });
  if (context.service.usedFallback?.from === from.name) noteFallback(context);
  const excluded =
    only === null
      ? []
      : localMembers(context)
          .map((m) => m.name)
          .filter((name) => name !== only);
  context.service = {
    ...context.service,
    failovers: withThisFailover(context),
    operation: {
      ...NEW_OPERATION,
      ...CHOOSE_AT_ONCE,
      kind: 'failover',
      incident,
      from: from.name,
      startedAt: context.at,
      deadline: null,
      excluded,
      fromGone: from.fenced,
    },
  };
  if (from.detector.reason === 'exiting') tellDeath(context, from.name);
  if (!from.fenced && context.config.mode === 'manage') orderFence(context, from.name);
}

/** Keeps at most one more than the limit, which is enough to detect flapping. */
function withThisFailover(context: StepContext): readonly Instant[] {
  return [...context.service.failovers, context.at].slice(
    -(context.config.failback.maxFailovers + 1),
  );
}

/** The outage counts from the last response; with proof of an exit, from that instant. */
function wellUntil(context: StepContext, from: MemberState, cause: Cause): number {
  const { silence, firstEvidenceAt } = from.detector;
  if (cause.code !== 'memberFailed') return context.at;
  const firstAt = firstEvidenceAt ?? context.at;
  return isProven(from.detector) ? firstAt : Math.min(silence.lastBeatAt, firstAt);
}

/** Chooses the target and issues its plan, as soon as a candidate is eligible. */
export function chooseCandidate(context: StepContext): void {
  const { operation } = context.service;
  if (operation === null || operation.step !== 'choosing' || context.at < operation.notBefore)
    return;
  if (!mayAcquire(context.service.lease, context.host, context.at)) return;
  const ranked = rankCandidates(context, operation.excluded);
  const eligible = operation.kind === 'start' ? eligibleAtStart(context, ranked) : ranked;
  const fit = eligible.filter(({ verdict }) => verdict.refusals.length === 0);
  // Prefer a member that an abandoned plan may already have promoted: clients see the least change.
  const passing = fit.find(({ member }) => operation.mayServe.includes(member.name)) ?? fit[0];
  const slow =
    context.config.takeover.degraded === 'serve' ? eligible.find((c) => c.couldServe) : undefined;
  const chosen = passing ?? slow;
  noteCandidates(context, operation, ranked, chosen);
  if (chosen !== undefined) {
    planTakeover(context, operation, chosen.member.name, passing === undefined);
    return;
  }
  readmit(context, operation);
  if (mayRelease(context, operation)) release(context);
}

/** Whether another host has a member, and no member that served on this host can still serve. */
function mayRelease(context: StepContext, { kind, from, mayServe }: Choosing): boolean {
  if (kind !== 'failover' || context.service.paused) return false;
  const isElsewhere = context.config.members.some(({ host }) => host !== context.host);
  const suspects = from === null ? mayServe : [from, ...mayServe];
  const isGone = suspects.every((name) => memberOf(context, name).fenced);
  return isElsewhere && isGone && !mayForward(context);
}

/** No other candidate: excluded members get another chance after a pause. */
function readmit(context: StepContext, operation: Choosing): void {
  if (operation.excluded.length === 0) return;
  const notBefore = context.at + retryPause(operation.attempts);
  context.service = { ...context.service, operation: { ...operation, excluded: [], notBefore } };
}

/** At the first start wait for one member, unless it has failed or the time limit is over. */
function eligibleAtStart(context: StepContext, ranked: readonly Candidate[]): readonly Candidate[] {
  const first = firstActive(context);
  return isStartOpen(context)
    ? ranked
    : ranked.filter((candidate) => candidate.member.name === first);
}

function noteCandidates(
  context: StepContext,
  operation: Choosing,
  ranked: readonly Candidate[],
  chosen: Candidate | undefined,
): void {
  if (operation.incident === null) return;
  const verdicts = ranked.map((candidate) => candidate.verdict);
  const before = context.service.incident?.candidates ?? [];
  if (chosen === undefined && sameVerdicts(before, verdicts)) return;
  updateIncident(context, () => ({ candidates: verdicts }));
  for (const { member, verdict } of ranked) {
    if (chosen !== undefined && member.name === chosen.member.name) continue;
    if (verdict.refusals.length > 0)
      note(context, { code: 'passedOver', member: member.name, refusals: verdict.refusals });
  }
  if (chosen === undefined) {
    note(context, { code: 'noCandidate' });
    recordIncident(context);
  }
}

function sameVerdicts(
  before: readonly CandidateVerdict[],
  now: readonly CandidateVerdict[],
): boolean {
  return (
    before.length === now.length &&
    before.every((verdict, index) => isSameVerdict(verdict, now[index]))
  );
}

function isSameVerdict(before: CandidateVerdict, now: CandidateVerdict | undefined): boolean {
  return (
    before.member === now?.member &&
    before.refusals.length === now.refusals.length &&
    before.refusals.every((refusal, index) => isSameRefusal(refusal, now.refusals[index]))
  );
}

function isSameRefusal(before: GateRefusal, now: GateRefusal | undefined): boolean {
  if (now === undefined) return false;
  const values: readonly unknown[] = Object.values(now);
  return Object.values(before).every((value, index) => value === values[index]);
}

/** The data plane used an allowed fallback: clients are already being served. */
export function usedFallback(context: StepContext, from: string, to: string): void {
  context.service = { ...context.service, usedFallback: { at: context.at, from, to } };
  const { operation } = context.service;
  if (operation?.kind === 'failover' && operation.from === from) noteFallback(context);
}

/** The data plane often notices a failure before the agent; the incident then records the fallback when it opens. */
function noteFallback(context: StepContext): void {
  const { usedFallback: fallback } = context.service;
  if (fallback === null) return;
  note(context, { code: 'usedFallback', from: fallback.from, to: fallback.to }, fallback.at);
  noteServed(context, fallback.to, fallback.at);
}

/** Whether no member can serve now. */
export function nobodyServes(context: StepContext): boolean {
  const { operation, leadership, lease } = context.service;
  if (operation !== null && operation.kind !== 'start') {
    const { kind, step, from } = operation;
    if (kind !== 'failover' || step !== 'choosing') return false;
    return from === null || fallbacksOf(context, from).length === 0;
  }
  if (leadership.who === 'elsewhere') return mayAcquire(lease, context.host, context.at);
  return leadership.who === 'here' && hasFailed(memberOf(context, leadership.member));
}
