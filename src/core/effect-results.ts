import { unreachable } from './assert.ts';
import * as detect from './detect.ts';
import type { Effect, LeaseRecord } from './effect.ts';
import type { EffectResult } from './event.ts';
import { applyDetector } from './apply-observation.ts';
import { leaseAfter, leaseHeld, renewalFailed } from './lease.ts';
import { beginWatch } from './members.ts';
import type { EffectFault } from './reasons.ts';
import { CRASH_LOOP_ATTEMPTS, registerFailure } from './rejoin.ts';
import { routeFailed } from './route.ts';
import { planFailed } from './plan-rollback.ts';
import { planStepOf, planSucceeded } from './takeover.ts';
import { activeHere } from './state.ts';
import type { DurationMs } from './time.ts';
import { absenceOf } from './temperature.ts';
import {
  isPending,
  isTold,
  issue,
  memberOf,
  note,
  QUICK_MS,
  updateMember,
  type Turn,
} from './step-context.ts';

// What the outcome of an effect changes. First the facts it proves, whatever it was ordered for; then the
// plan it belongs to, if any. Late and duplicate outcomes never get here: their effect is not pending.
// Longer than most files, as it is one list of orders and of what each proves, done or failed.

/** After a failed order to a member, so that a lasting fault does not become a busy loop. */
const MEMBER_PAUSE_MS = 1000;
const PAUSE_MS: Readonly<Partial<Record<Effect['type'], DurationMs>>> = {
  fenceMember: 200,
  setCapacity: MEMBER_PAUSE_MS,
  promoteMember: MEMBER_PAUSE_MS,
  rejoinMember: MEMBER_PAUSE_MS,
};

export type Outcome =
  | { readonly ok: true; readonly result: EffectResult }
  | { readonly ok: false; readonly fault: EffectFault; readonly detail: string };

export function applyOutcome(turn: Turn, effect: Effect, outcome: Outcome): void {
  turn.service = {
    ...turn.service,
    pending: turn.service.pending.filter((other) => other.id !== effect.id),
  };
  if (outcome.ok) proveEarlier(turn, effect);
  const step = planStepOf(turn.service.operation, effect.id);
  if (outcome.ok) {
    if (isTold(effect.type))
      note(turn, {
        code: 'done',
        effect: effect.type,
        id: effect.id,
        tookMs: turn.at - effect.issuedAt,
      });
    factsOfSuccess(turn, effect, outcome.result);
    const { operation } = turn.service;
    if (step !== null && operation?.step === 'taking') planSucceeded(turn, operation, step);
    return;
  }
  const { fault, detail } = outcome;
  if (isTold(effect.type))
    note(turn, { code: 'failed', effect: effect.type, id: effect.id, fault, detail });
  factsOfFailure(turn, effect, fault, detail);
  const { operation } = turn.service;
  if (step !== null && operation?.step === 'taking') planFailed(turn, operation, step, fault);
}

/**
 * An effect succeeds only after all that it waited for has, so an outcome of those that is still missing was lost.
 * What a start was given, its pid, cannot be guessed.
 */
function proveEarlier(turn: Turn, effect: Effect): void {
  for (const earlier of turn.service.pending) {
    if (!effect.after.includes(earlier.id) || earlier.type === 'startMember') continue;
    applyOutcome(turn, earlier, { ok: true, result: assumedResult(turn, earlier) });
  }
}

/** What an effect whose success was not told, or is only assumed, will have resulted in. */
export function assumedResult(turn: Turn, effect: Effect): EffectResult {
  if (effect.type !== 'acquireLease' && effect.type !== 'renewLease') return { type: 'done' };
  const { config, service, host } = turn;
  const record = leaseAfter(effect, service.lease.record, host, config.lease.durationMs);
  return { type: 'leased', record };
}

function factsOfSuccess(turn: Turn, effect: Effect, result: EffectResult): void {
  if (result.type === 'leased') {
    leased(turn, effect, result.record);
    return;
  }
  switch (effect.type) {
    case 'startMember':
      if (result.type === 'started')
        updateMember(turn, effect.member, { pid: result.pid, incarnation: result.incarnation });
      return;
    case 'awaitReady':
      becameReady(turn, effect.member);
      return;
    case 'primeMember':
      updateMember(turn, effect.member, { primed: true });
      return;
    case 'stopMember':
    case 'fenceMember':
      becameAbsent(turn, effect.member, effect.type === 'stopMember');
      return;
    case 'promoteMember':
      updateMember(turn, effect.member, { followsEpoch: effect.epoch });
      return;
    case 'freezeMember':
      updateMember(turn, effect.member, { lifecycle: 'frozen' });
      return;
    case 'thawMember':
      thawed(turn, effect.member);
      return;
    case 'setCapacity':
      updateMember(turn, effect.member, { capacity: effect.capacity });
      return;
    case 'probeMember':
      if (result.type === 'probed')
        confirmed(turn, effect.member, { ...result.answer, channel: result.channel });
      return;
    case 'demoteMember':
    case 'rejoinMember':
    case 'watchMember':
    case 'unwatchMember':
    case 'drainInput':
    case 'cancelEffects':
    case 'acquireLease':
    case 'renewLease':
    case 'releaseLease':
    case 'switchTraffic':
    case 'drainTraffic':
    case 'recordIncident':
      return;
    default:
      unreachable(effect);
  }
}

function becameReady(turn: Turn, name: string): void {
  const member = memberOf(turn, name);
  if (member.lifecycle !== 'starting') return;
  updateMember(turn, name, {
    lifecycle: 'running',
    ready: true,
    readySince: turn.at,
    rehearsedAt: turn.at,
    rehearsingSince: null,
    repair: { ...member.repair, fault: null, detail: '' },
  });
  beginWatch(turn, name, member.incarnation, 'healthy');
}

/** Nothing of the member is left: proved by the order's success. */
function becameAbsent(turn: Turn, name: string, orderly: boolean): void {
  if (turn.config.mode === 'observe') return;
  const member = memberOf(turn, name);
  const { operation } = turn.service;
  if (operation !== null) {
    const fromGone = operation.fromGone || operation.from === name;
    turn.service = { ...turn.service, operation: { ...operation, fromGone } };
  }
  if (member.detector.watched)
    issue(turn, { type: 'unwatchMember', member: name }, { withinMs: QUICK_MS });
  updateMember(turn, name, {
    lifecycle: 'absent',
    pid: null,
    fenced: true,
    ready: false,
    readySince: null,
    capacity: 'full',
    detector: orderly
      ? detect.idleDetector(turn.at, absenceOf(member.temperature))
      : absentDetector(turn, name),
  });
}

function absentDetector(turn: Turn, name: string): detect.DetectorState {
  const { detector, repair } = memberOf(turn, name);
  if (repair.attempts >= CRASH_LOOP_ATTEMPTS) return detect.idleDetector(turn.at, 'crashLoop');
  if (detector.health === 'failed')
    return { ...detector, watched: false, nextAt: null, confirm: null };
  return detect.idleDetector(turn.at, repair.fault === null ? 'notStarted' : 'startFailed');
}

function thawed(turn: Turn, name: string): void {
  const member = memberOf(turn, name);
  if (member.lifecycle !== 'thawing') return;
  updateMember(turn, name, { lifecycle: 'running' });
  beginWatch(turn, name, member.incarnation, 'healthy');
}

type Confirmation = Parameters<typeof detect.confirmEnded>[2];

function confirmed(turn: Turn, name: string, confirmation: Confirmation): void {
  const { detector } = memberOf(turn, name);
  if (detector.confirm === null) return;
  applyDetector(
    turn,
    name,
    detect.confirmEnded(turn.config.detection, detector, confirmation, turn.at, turn.observer),
  );
}

function leased(turn: Turn, effect: Effect, record: LeaseRecord): void {
  const { lease, epoch } = turn.service;
  if (record.epoch < epoch) return;
  turn.service = {
    ...turn.service,
    epoch: record.epoch,
    lease:
      effect.type === 'releaseLease'
        ? { ...lease, record, seenAt: turn.at }
        : leaseHeld(lease, record, effect.issuedAt, turn.at, turn.config.lease.renewMs),
  };
}

function factsOfFailure(turn: Turn, effect: Effect, fault: EffectFault, detail: string): void {
  if (fault === 'cancelled' || fault === 'dependencyFailed') return factsOfNotBegun(turn, effect);
  if ('member' in effect) pauseOrders(turn, effect);
  switch (effect.type) {
    case 'rejoinMember':
      updateMember(turn, effect.member, { followsEpoch: null });
      return failedToStart(turn, effect.member, fault, detail);
    case 'startMember':
      return failedToStart(turn, effect.member, fault, detail);
    case 'awaitReady':
      return failedToStart(turn, effect.member, 'notReady', detail);
    case 'thawMember':
      return lost(turn, effect.member, fault, detail);
    case 'stopMember':
      updateMember(turn, effect.member, ABSENT_UNPROVED);
      return;
    case 'primeMember':
      // Slow at first is better than not standing by.
      updateMember(turn, effect.member, { primed: true });
      return;
    case 'freezeMember':
      return unfrozen(turn, effect.member);
    case 'probeMember':
      return confirmed(turn, effect.member, {
        ok: false,
        fault: 'timeout',
        detail,
        channel: memberOf(turn, effect.member).detector.channel,
      });
    case 'renewLease':
      return renewalFailed(turn);
    case 'switchTraffic':
      return routeFailed(turn);
    case 'fenceMember':
    case 'setCapacity':
    case 'promoteMember':
    case 'demoteMember':
    case 'watchMember':
    case 'unwatchMember':
    case 'drainInput':
    case 'cancelEffects':
    case 'acquireLease':
    case 'releaseLease':
    case 'drainTraffic':
    case 'recordIncident':
      return;
    default:
      unreachable(effect);
  }
}

function pauseOrders(turn: Turn, { type, member }: Effect & { readonly member: string }): void {
  const pauseMs = PAUSE_MS[type];
  // After a promotion that belongs to a plan, the plan pauses.
  if (pauseMs === undefined || (type === 'promoteMember' && activeHere(turn.service) !== member))
    return;
  updateMember(turn, member, { retryAt: turn.at + pauseMs });
}

const ABSENT_UNPROVED = {
  lifecycle: 'absent',
  pid: null,
  fenced: false,
  ready: false,
  readySince: null,
} as const;

/** The order was never carried out, so only what was assumed when it was issued is taken back. */
function factsOfNotBegun(turn: Turn, effect: Effect): void {
  if (effect.type === 'freezeMember') unfrozen(turn, effect.member);
  if (effect.type === 'rejoinMember') updateMember(turn, effect.member, { followsEpoch: null });
  if (effect.type === 'thawMember' && memberOf(turn, effect.member).lifecycle === 'thawing') {
    updateMember(turn, effect.member, { lifecycle: 'frozen' });
  }
}

/** It never became ready: whatever there is of it is fenced, then it is tried again later. */
function failedToStart(turn: Turn, name: string, fault: EffectFault, detail: string): void {
  const member = memberOf(turn, name);
  if (member.lifecycle !== 'starting') return;
  registerFailure(turn, name, fault, detail);
  updateMember(turn, name, {
    lifecycle: 'absent',
    fenced: false,
    detector: detect.idleDetector(turn.at, 'startFailed'),
  });
}

/** A member that cannot be thawed is as good as dead. */
function lost(turn: Turn, name: string, fault: EffectFault, detail: string): void {
  registerFailure(turn, name, fault, detail);
  updateMember(turn, name, {
    lifecycle: 'absent',
    fenced: false,
    detector: detect.idleDetector(turn.at, 'startFailed'),
  });
}

function unfrozen(turn: Turn, name: string): void {
  const member = memberOf(turn, name);
  if (member.lifecycle !== 'freezing') return;
  updateMember(turn, name, { lifecycle: 'running', retryAt: turn.at + MEMBER_PAUSE_MS });
  if (!isPending(turn, name, ['fenceMember']))
    beginWatch(turn, name, member.incarnation, 'healthy');
}
