import { assert } from './assert.ts';
import type { EffectId } from './effect.ts';
import { setNewest } from './newest-copy.ts';
import { noteServed, settleIncident, updateIncident } from './incident.ts';
import { acquire } from './lease.ts';
import { endOrderly, orderFence, raise } from './members.ts';
import { forgetRun } from './outlier-detection.ts';
import { HOLD, routeTo, sendRoute } from './route.ts';
import { isPlanned, type Operation, type OperationBase, type Plan, type Taking } from './state.ts';
import { issue, memberOf, note, updateMember, type Turn } from './step-context.ts';

// The plan by which a member becomes active, shared by the first start, failover, switchover and failback:
// a small graph of effects issued at once. What it waits for is the whole of its safety:
//   exclusive:      hold → drain → stop or demote the old one (planned), fence it (unplanned)
//                   THEN promote THEN switch; the new epoch is durable before the switch carries it.
//   not exclusive:  only the epoch and the target's thaw come before the switch; the fence runs beside it.
// What becomes of a plan that fails is in plan-rollback.ts.

/** Time beyond the drain's own time-out until its outcome must be there. */
const DRAIN_SLACK_MS = 500;

/** An operation of which nothing has happened yet. */
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
  turn: Turn,
  operation: Operation,
  to: string,
  degraded: boolean,
): void {
  const { config } = turn;
  assert(operation.step !== 'taking', 'one plan at a time runs');
  const planned = isPlanned(operation);
  const replaces = operation.from !== null && operation.from !== to ? operation.from : null;
  noteChoice(turn, operation, to, degraded);
  const stop =
    planned && config.exclusive && replaces !== null ? planStop(turn, replaces) : NO_STOP;
  const fence =
    !planned && replaces !== null && !operation.fromGone ? orderFence(turn, replaces) : null;
  const gone = config.exclusive
    ? [stop.demote, fence, ...fenceFormerTargets(turn, operation, to)]
    : [];
  const raised = raise(turn, to);
  const acquired = acquire(turn, to, [stop.demote]);
  const epoch = turn.service.epoch + 1;
  const promoted = config.abilities.promote
    ? issue(
        turn,
        { type: 'promoteMember', member: to, epoch },
        { withinMs: config.timeouts.promoteMs, after: [acquired, raised, ...gone] },
      )
    : null;
  const route = routeTo(turn, to, epoch, turn.at);
  const switched = sendRoute(turn, { ...route, suspects: [] }, [
    acquired,
    raised,
    promoted,
    ...gone,
  ]);
  const released = planned && replaces !== null ? planRelease(turn, replaces, switched) : null;
  turn.service = {
    ...turn.service,
    operation: {
      ...baseOf(operation),
      step: 'taking',
      to,
      committed: false,
      progressAt: turn.at,
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

/** What an operation keeps from one step to the next. */
export function baseOf(operation: Operation): OperationBase {
  const { kind, incident, from, startedAt, fromGone, mayServe, excluded, attempts } = operation;
  return { kind, incident, from, startedAt, fromGone, mayServe, excluded, attempts };
}

/** What an earlier plan of this operation may have made active. */
function fenceFormerTargets(turn: Turn, operation: Operation, to: string): readonly EffectId[] {
  return operation.mayServe
    .filter((name) => name !== to && !memberOf(turn, name).fenced)
    .map((name) => orderFence(turn, name));
}

/** The old active finishes what it has, where it need not end first and can be kept from more. */
function planRelease(turn: Turn, from: string, switched: EffectId): EffectId | null {
  const { exclusive, release } = turn.config;
  return !exclusive && release === 'drain' ? drain(turn, from, [switched]) : null;
}

function noteChoice(turn: Turn, operation: Operation, to: string, degraded: boolean): void {
  if (operation.incident === null) return;
  note(turn, { code: 'chosen', member: to, degraded });
  updateIncident(turn, (incident) => ({
    to,
    epoch: turn.service.epoch + 1,
    steps: { ...incident.steps, decideMs: turn.at - incident.verdictAt },
  }));
}

const NO_STOP = { hold: null, drain: null, demote: null };

/** The orderly end of an exclusive active: no new requests, finish the open ones, then stop or demote. */
function planStop(turn: Turn, from: string): { hold: EffectId; drain: EffectId; demote: EffectId } {
  const { config } = turn;
  const { route, epoch } = turn.service;
  // Answers to open requests still obey the lease's end.
  const hold = sendRoute(
    turn,
    { epoch: route?.epoch ?? epoch, ...HOLD, leaseUntil: route?.leaseUntil ?? null },
    [],
  );
  const drained = drain(turn, from, [hold]);
  const demote = config.abilities.demote
    ? issue(
        turn,
        { type: 'demoteMember', member: from },
        { withinMs: config.timeouts.demoteMs, after: [drained] },
      )
    : issue(
        turn,
        { type: 'stopMember', member: from, graceMs: config.timeouts.stopMs },
        { withinMs: config.timeouts.stopMs + config.timeouts.fenceMs, after: [drained] },
      );
  return { hold, drain: drained, demote };
}

function drain(turn: Turn, member: string, after: readonly EffectId[]): EffectId {
  const timeoutMs = turn.config.timeouts.drainMs;
  return issue(
    turn,
    { type: 'drainTraffic', member, timeoutMs },
    { withinMs: timeoutMs + DRAIN_SLACK_MS, after },
  );
}

/** Which step of the running plan an effect is; null: none. */
export function planStepOf(operation: Operation | null, id: EffectId): PlanStep | null {
  if (operation?.step !== 'taking') return null;
  return PLAN_STEPS.find((step) => operation.plan[step] === id) ?? null;
}

export function planSucceeded(turn: Turn, operation: Taking, step: PlanStep): void {
  const tookMs = turn.at - operation.progressAt;
  if (step === 'hold') updateIncident(turn, () => ({ wellUntil: turn.at }));
  if (step === 'fence')
    updateIncident(turn, (incident) => ({ steps: { ...incident.steps, fenceMs: tookMs } }));
  if (step === 'promote')
    updateIncident(turn, (incident) => ({ steps: { ...incident.steps, promoteMs: tookMs } }));
  if (step === 'switch')
    updateIncident(turn, (incident) => ({ steps: { ...incident.steps, switchMs: tookMs } }));
  const committed = operation.committed || step === 'drain';
  const progressAt = step === 'fence' && !turn.config.exclusive ? operation.progressAt : turn.at;
  turn.service = { ...turn.service, operation: { ...operation, committed, progressAt } };
  if (step === 'switch') completeTakeover(turn, operation);
}

function completeTakeover(turn: Turn, operation: Taking): void {
  const { to, from } = operation;
  for (const member of turn.service.members) {
    updateMember(turn, member.name, { role: member.name === to ? 'active' : 'standby' });
  }
  setNewest(turn, to);
  const tried = turn.service.observing?.tried ?? [];
  const sameRun = from !== null && tried.includes(from);
  turn.service = {
    ...turn.service,
    leadership: { who: 'here', member: to },
    operation: null,
    fellBack: null,
    observing:
      operation.kind === 'start'
        ? null
        : {
            member: to,
            since: turn.at,
            until: turn.at + turn.config.takeover.observeMs,
            tried: sameRun ? tried : [],
          },
  };
  resetPerformance(turn, to);
  if (endsAccepting(turn, operation) && from !== null) endOrderly(turn, memberOf(turn, from));
  if (operation.incident === null) return;
  noteServed(turn, to);
  settleIncident(turn, 'succeeded');
}

function endsAccepting(turn: Turn, operation: Taking): boolean {
  const { from, to } = operation;
  const { exclusive, release } = turn.config;
  return isPlanned(operation) && !exclusive && release === 'stop' && from !== to;
}

/** What the member did as a standby, or as an active long ago, does not speak for it now. */
function resetPerformance(turn: Turn, name: string): void {
  const { performance, detector } = memberOf(turn, name);
  updateMember(turn, name, {
    detector: { ...detector, quality: forgetRun(detector.quality) },
    performance: {
      ...performance,
      requests: 0,
      errors: 0,
      clientP95Ms: null,
      at: turn.at,
    },
  });
}
