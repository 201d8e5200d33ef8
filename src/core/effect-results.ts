import { unreachable } from './assert.ts';
import * as detect from './detect.ts';
import type { Effect, LeaseRecord } from './effect.ts';
import type { EffectResult } from './event.ts';
import { applyDetector } from './apply-observation.ts';
import { updateIncident } from './incident.ts';
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
  type StepContext,
} from './step-context.ts';

// Applies the result of an effect: first the facts that it proves, whatever the effect was for; then the plan it belongs
// to, if any. Late and duplicate results never get here: their effect is not pending.
// Longer than most files because it is one list of effects and of what each result proves.

/** Pause after a failed effect: prevents a busy loop on a lasting fault. */
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

export function applyOutcome(context: StepContext, effect: Effect, outcome: Outcome): void {
  context.service = {
    ...context.service,
    pending: context.service.pending.filter((other) => other.id !== effect.id),
  };
  if (outcome.ok) proveEarlier(context, effect);
  const step = planStepOf(context.service.operation, effect.id);
  if (outcome.ok) {
    if (isTold(effect.type))
      note(context, {
        code: 'done',
        effect: effect.type,
        id: effect.id,
        tookMs: context.at - effect.issuedAt,
      });
    factsOfSuccess(context, effect, outcome.result);
    const { operation } = context.service;
    if (step !== null && operation?.step === 'taking') planSucceeded(context, operation, step);
    return;
  }
  const { fault, detail } = outcome;
  if (isTold(effect.type))
    note(context, { code: 'failed', effect: effect.type, id: effect.id, fault, detail });
  factsOfFailure(context, effect, fault, detail);
  const { operation } = context.service;
  if (step !== null && operation?.step === 'taking') planFailed(context, operation, step, fault);
}

/**
 * An effect succeeds only after its dependencies; a missing result of one of them was therefore lost, and is assumed. The
 * pid of a started process cannot be assumed.
 */
function proveEarlier(context: StepContext, effect: Effect): void {
  for (const earlier of context.service.pending) {
    if (!effect.after.includes(earlier.id) || earlier.type === 'startMember') continue;
    applyOutcome(context, earlier, { ok: true, result: assumedResult(context, earlier) });
  }
}

/** The result of an effect whose success was not reported, or is only assumed. */
export function assumedResult(context: StepContext, effect: Effect): EffectResult {
  if (effect.type !== 'acquireLease' && effect.type !== 'renewLease') return { type: 'done' };
  const { config, service, host } = context;
  const record = leaseAfter(effect, service.lease.record, host, config.lease.durationMs);
  return { type: 'leased', record };
}

function factsOfSuccess(context: StepContext, effect: Effect, result: EffectResult): void {
  if (result.type === 'leased') {
    leased(context, effect, result.record);
    return;
  }
  switch (effect.type) {
    case 'startMember':
      if (result.type === 'started')
        updateMember(context, effect.member, { pid: result.pid, incarnation: result.incarnation });
      return;
    case 'awaitReady':
      becameReady(context, effect.member);
      return;
    case 'primeMember':
      updateMember(context, effect.member, { primed: true });
      return;
    case 'stopMember':
      becameAbsent(context, effect.member, true);
      return;
    case 'fenceMember':
      noteFence(context, effect.member, context.at - effect.issuedAt);
      becameAbsent(context, effect.member, false);
      return;
    case 'promoteMember':
      updateMember(context, effect.member, { followsEpoch: effect.epoch });
      return;
    case 'freezeMember':
      updateMember(context, effect.member, { lifecycle: 'frozen' });
      return;
    case 'thawMember':
      thawed(context, effect.member);
      return;
    case 'setCapacity':
      updateMember(context, effect.member, { capacity: effect.capacity });
      return;
    case 'probeMember':
      if (result.type === 'probed')
        confirmed(context, effect.member, { ...result.answer, channel: result.channel });
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

function becameReady(context: StepContext, name: string): void {
  const member = memberOf(context, name);
  if (member.lifecycle !== 'starting') return;
  updateMember(context, name, {
    lifecycle: 'running',
    readySince: context.at,
    rehearsedAt: context.at,
    rehearsingSince: null,
    repair: { ...member.repair, fault: null, detail: '' },
  });
  beginWatch(context, name, member.incarnation, 'healthy');
}

/** For a service that is not exclusive, the fence may end after the switch, when no plan waits for it. */
function noteFence(context: StepContext, name: string, tookMs: DurationMs): void {
  const { incident } = context.service;
  if (incident?.from !== name || incident.steps.fenceMs !== null) return;
  updateIncident(context, ({ steps }) => ({ steps: { ...steps, fenceMs: tookMs } }));
}

/** The success of the effect proves that no process of the member is left. */
function becameAbsent(context: StepContext, name: string, orderly: boolean): void {
  if (context.config.mode === 'observe') return;
  const member = memberOf(context, name);
  const { operation } = context.service;
  if (operation !== null) {
    const fromGone = operation.fromGone || operation.from === name;
    context.service = { ...context.service, operation: { ...operation, fromGone } };
  }
  if (member.detector.watched)
    issue(context, { type: 'unwatchMember', member: name }, { withinMs: QUICK_MS });
  updateMember(context, name, {
    lifecycle: 'absent',
    pid: null,
    fenced: true,
    readySince: null,
    capacity: 'full',
    detector: orderly
      ? detect.idleDetector(context.at, absenceOf(member.temperature))
      : absentDetector(context, name),
  });
}

function absentDetector(context: StepContext, name: string): detect.DetectorState {
  const { detector, repair } = memberOf(context, name);
  if (repair.attempts >= CRASH_LOOP_ATTEMPTS) return detect.idleDetector(context.at, 'crashLoop');
  if (detector.health === 'failed')
    return { ...detector, watched: false, nextAt: null, confirm: null };
  return detect.idleDetector(context.at, repair.fault === null ? 'notStarted' : 'startFailed');
}

function thawed(context: StepContext, name: string): void {
  const member = memberOf(context, name);
  if (member.lifecycle !== 'thawing') return;
  updateMember(context, name, { lifecycle: 'running' });
  beginWatch(context, name, member.incarnation, 'healthy');
}

type Confirmation = Parameters<typeof detect.confirmEnded>[2];

function confirmed(context: StepContext, name: string, confirmation: Confirmation): void {
  const { detector } = memberOf(context, name);
  if (detector.confirm === null) return;
  applyDetector(
    context,
    name,
    detect.confirmEnded(
      context.config.detection,
      detector,
      confirmation,
      context.at,
      context.observer,
    ),
  );
}

function leased(context: StepContext, effect: Effect, record: LeaseRecord): void {
  const { lease, epoch } = context.service;
  if (record.epoch < epoch) return;
  context.service = {
    ...context.service,
    epoch: record.epoch,
    lease:
      effect.type === 'releaseLease'
        ? { ...lease, record, seenAt: context.at }
        : leaseHeld(
            lease,
            record,
            effect.issuedAt,
            context.at,
            context.config.lease.renewIntervalMs,
          ),
  };
}

function factsOfFailure(
  context: StepContext,
  effect: Effect,
  fault: EffectFault,
  detail: string,
): void {
  if (fault === 'cancelled' || fault === 'dependencyFailed')
    return factsOfNotBegun(context, effect);
  if ('member' in effect) pauseOrders(context, effect);
  switch (effect.type) {
    case 'rejoinMember':
      updateMember(context, effect.member, { followsEpoch: null });
      return failedToStart(context, effect.member, fault, detail);
    case 'startMember':
      return failedToStart(context, effect.member, fault, detail);
    case 'awaitReady':
      return failedToStart(context, effect.member, 'notReady', detail);
    case 'thawMember':
      return lost(context, effect.member, fault, detail);
    case 'stopMember':
      updateMember(context, effect.member, ABSENT_UNPROVED);
      return;
    case 'primeMember':
      // A standby that is slow at first is better than none.
      updateMember(context, effect.member, { primed: true });
      return;
    case 'freezeMember':
      return unfrozen(context, effect.member);
    case 'probeMember':
      return confirmed(context, effect.member, {
        ok: false,
        fault: 'timeout',
        detail,
        channel: memberOf(context, effect.member).detector.channel,
      });
    case 'renewLease':
      return renewalFailed(context);
    case 'switchTraffic':
      return routeFailed(context);
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

function pauseOrders(
  context: StepContext,
  { type, member }: Effect & { readonly member: string },
): void {
  const pauseMs = PAUSE_MS[type];
  // After a failed promotion of a plan, the plan itself pauses.
  if (pauseMs === undefined || (type === 'promoteMember' && activeHere(context.service) !== member))
    return;
  updateMember(context, member, { retryAt: context.at + pauseMs });
}

const ABSENT_UNPROVED = {
  lifecycle: 'absent',
  pid: null,
  fenced: false,
  readySince: null,
} as const;

/** The effect never ran: undo only what was assumed when it was issued. */
function factsOfNotBegun(context: StepContext, effect: Effect): void {
  if (effect.type === 'freezeMember') unfrozen(context, effect.member);
  if (effect.type === 'rejoinMember') updateMember(context, effect.member, { followsEpoch: null });
  if (effect.type === 'thawMember' && memberOf(context, effect.member).lifecycle === 'thawing') {
    updateMember(context, effect.member, { lifecycle: 'frozen' });
  }
}

/** The member never became ready: fence what is left of it, then retry later. */
function failedToStart(
  context: StepContext,
  name: string,
  fault: EffectFault,
  detail: string,
): void {
  const member = memberOf(context, name);
  if (member.lifecycle !== 'starting') return;
  registerFailure(context, name, fault, detail);
  updateMember(context, name, {
    lifecycle: 'absent',
    fenced: false,
    detector: detect.idleDetector(context.at, 'startFailed'),
  });
}

/** A member that cannot be thawed counts as failed. */
function lost(context: StepContext, name: string, fault: EffectFault, detail: string): void {
  registerFailure(context, name, fault, detail);
  updateMember(context, name, {
    lifecycle: 'absent',
    fenced: false,
    detector: detect.idleDetector(context.at, 'startFailed'),
  });
}

function unfrozen(context: StepContext, name: string): void {
  const member = memberOf(context, name);
  if (member.lifecycle !== 'freezing') return;
  updateMember(context, name, { lifecycle: 'running', retryAt: context.at + MEMBER_PAUSE_MS });
  if (!isPending(context, name, ['fenceMember']))
    beginWatch(context, name, member.incarnation, 'healthy');
}
