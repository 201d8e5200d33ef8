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
  type StepContext,
} from './step-context.ts';
import { standingOf } from './temperature.ts';

// The planned takeover, also used for failback and for leaving a degraded active member. The old active member stays
// untouched until the new one is prepared, responds and is eligible; until then aborting does not affect clients.

type Move = {
  readonly kind: 'switchover' | 'failback';
  readonly to: string;
  readonly cause: Cause;
};

export function beginMove(context: StepContext, move: Move): void {
  const { startMs, readyMs } = context.config.timeouts;
  const from = activeHere(context.service);
  assert(context.service.operation === null, 'a planned move begins in quiet');
  assert(from !== null && from !== move.to, 'a planned move goes to another member');
  endIncident(context);
  const incident = openIncident(context, {
    kind: move.kind,
    cause: move.cause,
    from,
    wellUntil: null,
  });
  updateIncident(context, () => ({ to: move.to }));
  context.service = {
    ...context.service,
    operation: {
      ...NEW_OPERATION,
      step: 'raising',
      kind: move.kind,
      incident,
      from,
      to: move.to,
      startedAt: context.at,
      deadline: context.at + startMs + readyMs,
    },
  };
}

/** Continues a planned takeover when its target is prepared, or aborts it at the deadline. */
export function advanceMove(context: StepContext): void {
  const { operation } = context.service;
  if (operation === null || operation.step !== 'raising') return;
  const target = memberOf(context, operation.to);
  const candidate = rankCandidates(context, []).find(({ member }) => member.name === operation.to);
  const refusals = candidate?.verdict.refusals ?? [];
  // A promotion is in progress: another role at the same time would leave the result undefined.
  const isSettled =
    operation.from === null || !isPending(context, operation.from, ['promoteMember']);
  const isRaised = candidate?.distance === 0 && target.capacity === 'full';
  if (isSettled && isRaised && refusals.length === 0) {
    updateIncident(context, () => ({ candidates: [{ member: target.name, refusals }] }));
    planTakeover(context, operation, target.name, false);
    return;
  }
  if (context.at >= operation.deadline) giveUp(context, operation, target, refusals);
}

function giveUp(
  context: StepContext,
  operation: Raising,
  target: MemberState,
  refusals: readonly GateRefusal[],
): void {
  updateIncident(context, () => ({ candidates: [{ member: target.name, refusals }] }));
  note(context, { code: 'passedOver', member: target.name, refusals });
  abortOperation(context, operation);
  endIncident(context);
}

/** Why a command cannot begin now; null: it can. */
export function obstacle(context: StepContext, to: string | null): Refusal | null {
  const { service, config } = context;
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
  return host === context.host ? null : { code: 'memberElsewhere', host, member };
}

/** Executes an operator's switchover, or refuses it with the reason. */
export function switchoverRequested(context: StepContext, to: string | null): void {
  const refusal = obstacle(context, to);
  const target = refusal === null ? bestTarget(context, to) : refusal;
  if (typeof target !== 'string') {
    answer(context, target);
    return;
  }
  beginMove(context, {
    kind: 'switchover',
    to: target,
    cause: { code: 'operator', command: 'switchover' },
  });
  answer(context, null);
}

/** A target that is eligible once prepared: the operator's choice, otherwise the best; or why there is none. */
function bestTarget(context: StepContext, to: string | null): string | Refusal {
  const active = activeHere(context.service);
  const ranked = rankCandidates(context, active === null ? [] : [active]);
  const wanted = to === null ? ranked : ranked.filter((candidate) => candidate.member.name === to);
  const fit = wanted.find(
    ({ member, verdict }) => verdict.refusals.length === 0 || canBeRaised(context, member),
  );
  return (
    fit?.member.name ?? { code: 'noCandidate', candidates: wanted.map(({ verdict }) => verdict) }
  );
}

/** A cold standby is not ready by design: it is started for the takeover. */
export function canBeRaised(context: StepContext, member: MemberState): boolean {
  const isAbsent = standingOf(memberConfigOf(context, member.name).temperature) === 'absent';
  return isAbsent && member.lifecycle === 'absent' && member.repair.fault === null;
}

/** Executes an operator's failover: at once and without a drain, to a member that can serve. */
export function failoverRequested(context: StepContext, to: string | null): void {
  const refusal = obstacle(context, to);
  const active = activeHere(context.service);
  if (refusal !== null || active === null) {
    answer(context, refusal ?? { code: 'noActive' });
    return;
  }
  const ranked = rankCandidates(context, [active]);
  const wanted = to === null ? ranked : ranked.filter((candidate) => candidate.member.name === to);
  const fit = wanted.find(({ verdict, couldServe }) => verdict.refusals.length === 0 || couldServe);
  if (fit === undefined) {
    answer(context, { code: 'noCandidate', candidates: wanted.map(({ verdict }) => verdict) });
    return;
  }
  beginFailover(
    context,
    memberOf(context, active),
    { code: 'operator', command: 'failover' },
    fit.member.name,
  );
  answer(context, null);
}

/** Leaves a degraded active member: one switchover at a time, with a growing delay between them. */
export function considerDegraded(context: StepContext): void {
  const { service, config } = context;
  const name = activeHere(service);
  if (service.operation !== null || name === null || service.observing !== null) return;
  const active = memberOf(context, name);
  if (active.detector.health !== 'degraded' || config.degraded.action === 'report') return;
  if (service.paused) {
    refuse(context, { code: 'paused' });
    return;
  }
  if (context.at < service.degradedSwitchovers.notBefore) {
    refuse(context, {
      code: 'degradedBackoff',
      remainingMs: service.degradedSwitchovers.notBefore - context.at,
    });
    return;
  }
  const target = bestTarget(context, null);
  if (typeof target !== 'string') {
    refuse(context, target);
    return;
  }
  const count = service.degradedSwitchovers.count + 1;
  context.service = {
    ...context.service,
    degradedSwitchovers: { count, notBefore: context.at + config.degraded.backoffMs * count },
  };
  beginMove(context, {
    kind: 'switchover',
    to: target,
    cause: { code: 'memberDegraded', member: active.name, reason: active.detector.reason },
  });
}
