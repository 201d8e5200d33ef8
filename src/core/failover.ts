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
import { localMembers, memberOf, note, refuse, type Turn } from './step-context.ts';

// The unplanned takeover: the active has failed, so somebody else must serve. It begins with the verdict,
// never earlier; the no-regret work (raising a standby) has been going on since the first doubt. From then
// on there is no way back and no deadline: it ends when somebody serves. While no candidate passes the gate,
// everybody is raised and the old active is restarted in place, and whoever passes first takes over.

/** Begins whatever the service's condition demands, if nothing is under way that already answers it. */
export function considerFailover(turn: Turn): void {
  const { operation, leadership } = turn.service;
  if (operation !== null && (!isPlanned(operation) || operation.step === 'taking')) return;
  switch (leadership.who) {
    case 'nobody':
      return beginStart(turn);
    case 'here':
      return considerLeaving(turn, memberOf(turn, leadership.member));
    case 'elsewhere':
      return considerFollowing(turn, leadership);
    default:
      return unreachable(leadership);
  }
}

function considerLeaving(turn: Turn, active: MemberState): void {
  const cause = causeToLeave(turn, active);
  if (cause === null) return;
  if (turn.service.paused) refuse(turn, { code: 'paused' });
  else beginFailover(turn, active, cause, null);
}

/** The host that led has not renewed its lease, or has given it back: a member of this one takes over. */
function considerFollowing(turn: Turn, leader: { host: string; member: string }): void {
  const { lease, paused } = turn.service;
  if (!mayAcquire(lease, turn.host, turn.at) || localMembers(turn).length === 0) return;
  if (paused) refuse(turn, { code: 'paused' });
  else beginFailoverFrom(turn, leader);
}

function causeToLeave(turn: Turn, active: MemberState): Cause | null {
  if (hasFailed(active))
    return { code: 'memberFailed', member: active.name, reason: active.detector.reason };
  return isLeaseLost(turn) ? { code: 'leaseLost', member: active.name } : null;
}

function hasFailed(member: MemberState): boolean {
  return member.detector.health === 'failed' || member.lifecycle === 'absent';
}

/** The first active of this agent's time: whoever held the lease last, else the preferred member. */
function beginStart(turn: Turn): void {
  const { startMs, readyMs } = turn.config.timeouts;
  turn.service = {
    ...turn.service,
    operation: {
      ...NEW_OPERATION,
      ...CHOOSE_AT_ONCE,
      kind: 'start',
      startedAt: turn.at,
      deadline: turn.at + startMs + readyMs,
    },
  };
}

const CHOOSE_AT_ONCE = { step: 'choosing', notBefore: 0 } as const;

/** What led there is out of this host's reach. It ended by its lease, and its last renewal was its last sign of life. */
function beginFailoverFrom(turn: Turn, { host, member }: { host: string; member: string }): void {
  endIncident(turn);
  const incident = openIncident(turn, {
    kind: 'failover',
    cause: { code: 'leaseExpired', host, member },
    from: member,
    wellUntil: turn.service.lease.seenAt,
  });
  turn.service = {
    ...turn.service,
    failovers: withThisFailover(turn),
    operation: {
      ...NEW_OPERATION,
      ...CHOOSE_AT_ONCE,
      kind: 'failover',
      incident,
      startedAt: turn.at,
      deadline: null,
      fromGone: true,
    },
  };
}

/** only: the operator's choice; nobody else is considered in the first attempt. */
export function beginFailover(
  turn: Turn,
  from: MemberState,
  cause: Cause,
  only: string | null,
): void {
  const { operation } = turn.service;
  if (operation !== null) abortOperation(turn, operation);
  endIncident(turn);
  const incident = openIncident(turn, {
    kind: 'failover',
    cause,
    from: from.name,
    wellUntil: wellUntil(turn, from, cause),
  });
  note(turn, {
    code: 'verdict',
    member: from.name,
    health: from.detector.health,
    reason: from.detector.reason,
  });
  if (turn.service.fellBack?.from === from.name) noteFallback(turn);
  const excluded =
    only === null
      ? []
      : localMembers(turn)
          .map((m) => m.name)
          .filter((name) => name !== only);
  turn.service = {
    ...turn.service,
    failovers: withThisFailover(turn),
    operation: {
      ...NEW_OPERATION,
      ...CHOOSE_AT_ONCE,
      kind: 'failover',
      incident,
      from: from.name,
      startedAt: turn.at,
      deadline: null,
      excluded,
      fromGone: from.fenced,
    },
  };
  if (from.detector.reason === 'exiting') tellDeath(turn, from.name);
  if (!from.fenced && turn.config.mode === 'manage') orderFence(turn, from.name);
}

/** One more than the limit is enough to know that it was passed. */
function withThisFailover(turn: Turn): readonly Instant[] {
  return [...turn.service.failovers, turn.at].slice(-(turn.config.failback.limit + 1));
}

/** The outage counts from the last sign of life; a proof of death is its own moment. */
function wellUntil(turn: Turn, from: MemberState, cause: Cause): number {
  const { silence, firstEvidenceAt } = from.detector;
  if (cause.code !== 'memberFailed') return turn.at;
  const firstAt = firstEvidenceAt ?? turn.at;
  return isProven(from.detector) ? firstAt : Math.min(silence.lastBeatAt, firstAt);
}

/** Picks the member that takes over and issues its plan, as soon as one passes. */
export function chooseCandidate(turn: Turn): void {
  const { operation } = turn.service;
  if (operation === null || operation.step !== 'choosing' || turn.at < operation.notBefore) return;
  if (!mayAcquire(turn.service.lease, turn.host, turn.at)) return;
  const ranked = rankCandidates(turn, operation.excluded);
  const eligible = operation.kind === 'start' ? eligibleAtStart(turn, ranked) : ranked;
  const fit = eligible.filter(({ verdict }) => verdict.refusals.length === 0);
  // Whom a plan that was given up may have made active already is the least change for clients.
  const passing = fit.find(({ member }) => operation.mayServe.includes(member.name)) ?? fit[0];
  const slow =
    turn.config.takeover.degraded === 'serve' ? eligible.find((c) => c.couldServe) : undefined;
  const chosen = passing ?? slow;
  noteCandidates(turn, operation, ranked, chosen);
  if (chosen !== undefined) {
    planTakeover(turn, operation, chosen.member.name, passing === undefined);
    return;
  }
  readmit(turn, operation);
  if (mayRelease(turn, operation)) release(turn);
}

/** Whether another host has a member, and nothing that served on this one can serve any more. */
function mayRelease(turn: Turn, { kind, from, mayServe }: Choosing): boolean {
  if (kind !== 'failover' || turn.service.paused) return false;
  const isElsewhere = turn.config.members.some(({ host }) => host !== turn.host);
  const suspects = from === null ? mayServe : [from, ...mayServe];
  const isGone = suspects.every((name) => memberOf(turn, name).fenced);
  return isElsewhere && isGone && !mayForward(turn);
}

/** Nobody else can: those that were found wanting get another chance after a pause. */
function readmit(turn: Turn, operation: Choosing): void {
  if (operation.excluded.length === 0) return;
  const notBefore = turn.at + retryPause(operation.attempts);
  turn.service = { ...turn.service, operation: { ...operation, excluded: [], notBefore } };
}

/** At the first start one member is waited for, unless it has failed or the time is up. */
function eligibleAtStart(turn: Turn, ranked: readonly Candidate[]): readonly Candidate[] {
  const first = firstActive(turn);
  return isStartOpen(turn) ? ranked : ranked.filter((candidate) => candidate.member.name === first);
}

function noteCandidates(
  turn: Turn,
  operation: Choosing,
  ranked: readonly Candidate[],
  chosen: Candidate | undefined,
): void {
  if (operation.incident === null) return;
  const verdicts = ranked.map((candidate) => candidate.verdict);
  const before = turn.service.incident?.candidates ?? [];
  if (chosen === undefined && sameVerdicts(before, verdicts)) return;
  updateIncident(turn, () => ({ candidates: verdicts }));
  for (const { member, verdict } of ranked) {
    if (chosen !== undefined && member.name === chosen.member.name) continue;
    if (verdict.refusals.length > 0)
      note(turn, { code: 'passedOver', member: member.name, refusals: verdict.refusals });
  }
  if (chosen === undefined) {
    note(turn, { code: 'noCandidate' });
    recordIncident(turn);
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

/** The data plane used a fallback that it was authorised to use: clients are served already. */
export function fellBack(turn: Turn, from: string, to: string): void {
  turn.service = { ...turn.service, fellBack: { at: turn.at, from, to } };
  const { operation } = turn.service;
  if (operation?.kind === 'failover' && operation.from === from) noteFallback(turn);
}

/** Often the data plane notices before the agent does; then the incident learns of it when it opens. */
function noteFallback(turn: Turn): void {
  const { fellBack: fallback } = turn.service;
  if (fallback === null) return;
  note(turn, { code: 'fellBack', from: fallback.from, to: fallback.to }, fallback.at);
  noteServed(turn, fallback.to, fallback.at);
}

/** Whether nobody can serve right now. */
export function nobodyServes(turn: Turn): boolean {
  const { operation, leadership, lease } = turn.service;
  if (operation !== null && operation.kind !== 'start') {
    const { kind, step, from } = operation;
    if (kind !== 'failover' || step !== 'choosing') return false;
    return from === null || fallbacksOf(turn, from).length === 0;
  }
  if (leadership.who === 'elsewhere') return mayAcquire(lease, turn.host, turn.at);
  return leadership.who === 'here' && hasFailed(memberOf(turn, leadership.member));
}
