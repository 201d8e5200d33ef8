import { assert } from './assert.ts';
import { rankCandidates } from './candidates.ts';
import { beginFailover } from './failover.ts';
import { endIncident, openIncident, updateIncident } from './incident.ts';
import type { Cause, GateRefusal, Refusal } from './reasons.ts';
import { activeHere, type MemberState, type Raising } from './state.ts';
import { abortOperation } from './plan-rollback.ts';
import { NEW_OPERATION, planTakeover } from './takeover.ts';
import {
  answer,
  isPending,
  memberConfigOf,
  memberOf,
  note,
  refuse,
  type Turn,
} from './step-context.ts';
import { standingOf } from './temperature.ts';

// The planned takeover, also used to hand back and to move away from an active that serves badly. Nothing is
// taken from the old active until the new one is raised, answers and passes the gate; until then the move can
// be given up without anybody noticing.

type Move = {
  readonly kind: 'switchover' | 'failback';
  readonly to: string;
  readonly cause: Cause;
};

export function beginMove(turn: Turn, move: Move): void {
  const { startMs, readyMs } = turn.config.timeouts;
  const from = activeHere(turn.service);
  assert(turn.service.operation === null, 'a planned move begins in quiet');
  assert(from !== null && from !== move.to, 'a planned move goes to another member');
  endIncident(turn);
  const incident = openIncident(turn, {
    kind: move.kind,
    cause: move.cause,
    from,
    wellUntil: null,
  });
  updateIncident(turn, () => ({ to: move.to }));
  turn.service = {
    ...turn.service,
    operation: {
      ...NEW_OPERATION,
      step: 'raising',
      kind: move.kind,
      incident,
      from,
      to: move.to,
      startedAt: turn.at,
      deadline: turn.at + startMs + readyMs,
    },
  };
}

/** Goes on with a planned move once its target serves at full strength, or gives it up at the deadline. */
export function advanceMove(turn: Turn): void {
  const { operation } = turn.service;
  if (operation === null || operation.step !== 'raising') return;
  const target = memberOf(turn, operation.to);
  const candidate = rankCandidates(turn, []).find(({ member }) => member.name === operation.to);
  const refusals = candidate?.verdict.refusals ?? [];
  // It is being told that it is the active: told otherwise meanwhile, it could end up as either.
  const isSettled = operation.from === null || !isPending(turn, operation.from, ['promoteMember']);
  const isRaised = candidate?.distance === 0 && target.capacity === 'full';
  if (isSettled && isRaised && refusals.length === 0) {
    updateIncident(turn, () => ({ candidates: [{ member: target.name, refusals }] }));
    planTakeover(turn, operation, target.name, false);
    return;
  }
  if (turn.at >= operation.deadline) giveUp(turn, operation, target, refusals);
}

function giveUp(
  turn: Turn,
  operation: Raising,
  target: MemberState,
  refusals: readonly GateRefusal[],
): void {
  updateIncident(turn, () => ({ candidates: [{ member: target.name, refusals }] }));
  note(turn, { code: 'passedOver', member: target.name, refusals });
  abortOperation(turn, operation);
  endIncident(turn);
}

/** Why no command may begin anything now; null: it may. */
export function obstacle(turn: Turn, to: string | null): Refusal | null {
  const { service, config } = turn;
  const { leadership } = service;
  const target = config.members.find(({ name }) => name === to);
  if (to !== null && target === undefined) return { code: 'unknownMember', member: to };
  if (config.mode === 'observe') return { code: 'observeOnly' };
  if (service.paused) return { code: 'paused' };
  if (service.operation !== null)
    return { code: 'operationUnderWay', operation: service.operation.kind };
  if (leadership.who === 'nobody') return { code: 'noActive' };
  if (leadership.who === 'elsewhere') {
    const { host, member } = leadership;
    return { code: 'activeElsewhere', host, member };
  }
  if (target === undefined) return null;
  const { name: member, host } = target;
  if (member === leadership.member) return { code: 'alreadyActive', member };
  return host === turn.host ? null : { code: 'memberElsewhere', host, member };
}

/** Carries out the operator's switchover, or says why not. */
export function switchoverRequested(turn: Turn, to: string | null): void {
  const refusal = obstacle(turn, to);
  const target = refusal === null ? bestTarget(turn, to) : refusal;
  if (typeof target !== 'string') {
    answer(turn, target);
    return;
  }
  beginMove(turn, {
    kind: 'switchover',
    to: target,
    cause: { code: 'operator', command: 'switchover' },
  });
  answer(turn, null);
}

/** A target that passes once raised: named by the operator, else the best; or why there is none. */
function bestTarget(turn: Turn, to: string | null): string | Refusal {
  const active = activeHere(turn.service);
  const ranked = rankCandidates(turn, active === null ? [] : [active]);
  const wanted = to === null ? ranked : ranked.filter((candidate) => candidate.member.name === to);
  const fit = wanted.find(
    ({ member, verdict }) => verdict.refusals.length === 0 || canBeRaised(turn, member),
  );
  return (
    fit?.member.name ?? { code: 'noCandidate', candidates: wanted.map(({ verdict }) => verdict) }
  );
}

/** A cold standby is not ready by design: it is started for the move. */
export function canBeRaised(turn: Turn, member: MemberState): boolean {
  const isAbsent = standingOf(memberConfigOf(turn, member.name).temperature) === 'absent';
  return isAbsent && member.lifecycle === 'absent' && member.repair.fault === null;
}

/** Carries out the operator's failover: at once and without a drain, to a member that can serve. */
export function failoverRequested(turn: Turn, to: string | null): void {
  const refusal = obstacle(turn, to);
  const active = activeHere(turn.service);
  if (refusal !== null || active === null) {
    answer(turn, refusal ?? { code: 'noActive' });
    return;
  }
  const ranked = rankCandidates(turn, [active]);
  const wanted = to === null ? ranked : ranked.filter((candidate) => candidate.member.name === to);
  const fit = wanted.find(({ verdict, couldServe }) => verdict.refusals.length === 0 || couldServe);
  if (fit === undefined) {
    answer(turn, { code: 'noCandidate', candidates: wanted.map(({ verdict }) => verdict) });
    return;
  }
  beginFailover(
    turn,
    memberOf(turn, active),
    { code: 'operator', command: 'failover' },
    fit.member.name,
  );
  answer(turn, null);
}

/** Moves away from an active that answers its probes but serves its clients badly: at most one at a time, ever more rarely. */
export function considerGray(turn: Turn): void {
  const { service, config } = turn;
  const name = activeHere(service);
  if (service.operation !== null || name === null || service.observing !== null) return;
  const active = memberOf(turn, name);
  if (active.detector.health !== 'degraded' || config.degraded.action === 'report') return;
  if (service.paused) {
    refuse(turn, { code: 'paused' });
    return;
  }
  if (turn.at < service.grayEjections.notBefore) {
    refuse(turn, {
      code: 'degradedBackoff',
      remainingMs: service.grayEjections.notBefore - turn.at,
    });
    return;
  }
  const target = bestTarget(turn, null);
  if (typeof target !== 'string') {
    refuse(turn, target);
    return;
  }
  const count = service.grayEjections.count + 1;
  turn.service = {
    ...turn.service,
    grayEjections: { count, notBefore: turn.at + config.degraded.backoffMs * count },
  };
  beginMove(turn, {
    kind: 'switchover',
    to: target,
    cause: { code: 'memberDegraded', member: active.name, reason: active.detector.reason },
  });
}
