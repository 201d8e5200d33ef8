import { assert } from './assert.ts';
import type { EffectId } from './effect.ts';
import { setNewest } from './newest-copy.ts';
import { noteServed, settleIncident, updateIncident } from './incident.ts';
import { acquire } from './lease.ts';
import { endOrderly, orderFence, raise } from './members.ts';
import { forgetRun } from './outlier-detection.ts';
import { HOLD, routeTo, sendRoute } from './route.ts';
import { isPlanned, type Operation, type OperationBase, type Plan, type Taking } from './state.ts';
import { issue, memberOf, note, updateMember, type StepContext } from './step-context.ts';

// The plan that makes a member active, shared by the first start, failover, switchover and failback: a small graph of
// effects, issued at once. Its safety is in its dependencies:
//   exclusive:      hold → drain → stop or demote the old one (planned), fence it (unplanned)
//                   THEN promote THEN switch; the new epoch is durable before the switch carries it.
//   not exclusive:  only the epoch and the target's thaw come before the switch; the fence runs beside it.
// plan-rollback.ts handles a plan that fails.

/** Added to the drain timeout: deadline of its result. */
const DRAIN_SLACK_MS = 500;

/** An operation before its first step. */
export const NEW_OPERATION = {
  incident: null,
  from: null,
  fromGone: false,
  mayServe: [],
  excluded: [],
  attempts: 0,
} as const satisfies Partial<Operation>;

export type PlanStep = keyof Plan;

const PLAN_STEPS = [
  'hold',
  'drain',
  'demote',
  'fence',
  'raise',
  'acquire',
  'promote',
  'switch',
  'release',
] as const satisfies readonly PlanStep[];

/** Issues the plan that makes `to` active. */
export function planTakeover(
  context: StepContext,
  operation: Operation,
  to: string,
  degraded: boolean,
): void {
  const { config } = context;
  assert(operation.step !== 'taking', 'one plan at a time runs');
  const planned = isPlanned(operation);
  const replaces = operation.from !== null && operation.from !== to ? operation.from : null;
  noteChoice(context, operation, to, degraded);
  const stop =
    planned && config.exclusive && replaces !== null ? planStop(context, replaces) : NO_STOP;
  const fence =
    !planned && replaces !== null && !operation.fromGone ? orderFence(context, replaces) : null;
  const gone = config.exclusive
    ? [stop.demote, fence, ...fenceFormerTargets(context, operation, to)]
    : [];
  const raised = raise(context, to);
  const acquired = acquire(context, to, [stop.demote]);
  const epoch = context.service.epoch + 1;
  const promoted = config.abilities.promote
    ? issue(
        context,
        { type: 'promoteMember', member: to, epoch },
        { withinMs: config.timeouts.promoteMs, after: [acquired, raised, ...gone] },
      )
    : null;
  const route = routeTo(context, to, epoch, context.at);
  const switched = sendRoute(context, { ...route, suspects: [] }, [
    acquired,
    raised,
    promoted,
    ...gone,
  ]);
  const released = planned && replaces !== null ? planRelease(context, replaces, switched) : null;
  context.service = {
    ...context.service,
    operation: {
      ...baseOf(operation),
      step: 'taking',
      to,
      committed: false,
      progressAt: context.at,
      plan: {
        ...stop,
        fence,
        raise: raised,
        acquire: acquired,
        promote: promoted,
        switch: switched,
        release: released,
      },
    },
  };
}

/** The fields that an operation keeps from step to step. */
export function baseOf(operation: Operation): OperationBase {
  const { kind, incident, from, startedAt, fromGone, mayServe, excluded, attempts } = operation;
  return { kind, incident, from, startedAt, fromGone, mayServe, excluded, attempts };
}

/** Fences members that an earlier plan of this operation may have promoted. */
function fenceFormerTargets(
  context: StepContext,
  operation: Operation,
  to: string,
): readonly EffectId[] {
  return operation.mayServe
    .filter((name) => name !== to && !memberOf(context, name).fenced)
    .map((name) => orderFence(context, name));
}

/** Lets the old active member finish its requests, if it need not stop first and gets no new ones. */
function planRelease(context: StepContext, from: string, switched: EffectId): EffectId | null {
  const { exclusive, release } = context.config;
  return !exclusive && release === 'drain' ? drain(context, from, [switched]) : null;
}

function noteChoice(
  context: StepContext,
  operation: Operation,
  to: string,
  degraded: boolean,
): void {
  if (operation.incident === null) return;
  note(context, { code: 'chosen', member: to, degraded });
  updateIncident(context, (incident) => ({
    to,
    epoch: context.service.epoch + 1,
    steps: { ...incident.steps, decideMs: context.at - incident.verdictAt },
  }));
}

const NO_STOP = { hold: null, drain: null, demote: null };

/** Stops an exclusive active member in order: no new requests, finish the open ones, then stop or demote. */
function planStop(
  context: StepContext,
  from: string,
): { hold: EffectId; drain: EffectId; demote: EffectId } {
  const { config } = context;
  const { route, epoch } = context.service;
  // Responses to in-flight requests still end with the lease.
  const hold = sendRoute(
    context,
    { epoch: route?.epoch ?? epoch, ...HOLD, leaseUntil: route?.leaseUntil ?? null },
    [],
  );
  const drained = drain(context, from, [hold]);
  const demote = config.abilities.demote
    ? issue(
        context,
        { type: 'demoteMember', member: from },
        { withinMs: config.timeouts.demoteMs, after: [drained] },
      )
    : issue(
        context,
        { type: 'stopMember', member: from, graceMs: config.timeouts.stopMs },
        { withinMs: config.timeouts.stopMs + config.timeouts.fenceMs, after: [drained] },
      );
  return { hold, drain: drained, demote };
}

function drain(context: StepContext, member: string, after: readonly EffectId[]): EffectId {
  const timeoutMs = context.config.timeouts.drainMs;
  return issue(
    context,
    { type: 'drainTraffic', member, timeoutMs },
    { withinMs: timeoutMs + DRAIN_SLACK_MS, after },
  );
}

/** The plan step of an effect; null: none. */
export function planStepOf(operation: Operation | null, id: EffectId): PlanStep | null {
  if (operation?.step !== 'taking') return null;
  return PLAN_STEPS.find((step) => operation.plan[step] === id) ?? null;
}

export function planSucceeded(context: StepContext, operation: Taking, step: PlanStep): void {
  const tookMs = context.at - operation.progressAt;
  if (step === 'hold') updateIncident(context, () => ({ wellUntil: context.at }));
  if (step === 'fence')
    updateIncident(context, (incident) => ({ steps: { ...incident.steps, fenceMs: tookMs } }));
  if (step === 'promote')
    updateIncident(context, (incident) => ({ steps: { ...incident.steps, promoteMs: tookMs } }));
  if (step === 'switch')
    updateIncident(context, (incident) => ({ steps: { ...incident.steps, switchMs: tookMs } }));
  const committed = operation.committed || step === 'drain';
  const progressAt =
    step === 'fence' && !context.config.exclusive ? operation.progressAt : context.at;
  context.service = { ...context.service, operation: { ...operation, committed, progressAt } };
  if (step === 'switch') completeTakeover(context, operation);
}

function completeTakeover(context: StepContext, operation: Taking): void {
  const { to, from } = operation;
  for (const member of context.service.members) {
    updateMember(context, member.name, { role: member.name === to ? 'active' : 'standby' });
  }
  // Serving proves more than the rehearsal in which it may have been.
  updateMember(context, to, { rehearsingSince: null });
  setNewest(context, to);
  const tried = context.service.observing?.tried ?? [];
  const sameRun = from !== null && tried.includes(from);
  context.service = {
    ...context.service,
    leadership: { who: 'here', member: to },
    operation: null,
    usedFallback: null,
    observing:
      operation.kind === 'start'
        ? null
        : {
            member: to,
            since: context.at,
            until: context.at + context.config.takeover.probationMs,
            tried: sameRun ? tried : [],
          },
  };
  resetPerformance(context, to);
  if (endsAccepting(context, operation) && from !== null)
    endOrderly(context, memberOf(context, from));
  if (operation.incident === null) return;
  noteServed(context, to);
  settleIncident(context, 'succeeded');
}

function endsAccepting(context: StepContext, operation: Taking): boolean {
  const { from, to } = operation;
  const { exclusive, release } = context.config;
  return isPlanned(operation) && !exclusive && release === 'stop' && from !== to;
}

/** Performance from its time as a standby, or from an earlier active period, does not count. */
function resetPerformance(context: StepContext, name: string): void {
  const { performance, detector } = memberOf(context, name);
  updateMember(context, name, {
    detector: { ...detector, quality: forgetRun(detector.quality) },
    performance: {
      ...performance,
      requests: 0,
      errors: 0,
      clientP95Ms: null,
      at: context.at,
    },
  });
}
