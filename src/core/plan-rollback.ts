import { unreachable } from './assert.ts';
import { note, cancel, type StepContext } from './step-context.ts';
import { setNewest } from './newest-copy.ts';
import { settleIncident } from './incident.ts';
import { backoff } from './exact-pow.ts';
import type { EffectFault } from './reasons.ts';
import { routeTo, sendRoute } from './route.ts';
import { isPlanned, type Operation, type Taking } from './state.ts';
import { baseOf, type PlanStep } from './takeover.ts';

// Handles a failed step of a takeover plan. Effects that have not begun are canceled, and the operation chooses again. A
// planned takeover that has not stopped the old active member yet is aborted. If two active members are harmless and only
// the store is not available, the plan continues.

const RETRY_BASE_MS = 100;
const RETRY_MAX_MS = 5000;

export function planFailed(
  context: StepContext,
  operation: Taking,
  step: PlanStep,
  fault: EffectFault,
): void {
  const served = mayHaveServed(step, fault);
  switch (step) {
    case 'release':
    case 'fence':
      if (step === 'fence' && context.config.exclusive) retryPlan(context, operation, null, served);
      return;
    case 'acquire':
      if (fault !== 'conflict' && !context.config.exclusive)
        switchUnderOldEpoch(context, operation);
      else retryPlan(context, operation, null, served);
      return;
    case 'promote':
    case 'raise':
      retryPlan(context, operation, operation.to, served);
      return;
    case 'hold':
    case 'drain':
    case 'demote':
    case 'switch':
      retryPlan(context, operation, null, served);
      return;
    default:
      unreachable(step);
  }
}

/**
 * Whether clients may have reached the plan's target. The switch is the last step: it never ran if an earlier step failed,
 * or if its own result says that it did not begin. An effect without a result may have run, and so may all later ones.
 */
function mayHaveServed(step: PlanStep, fault: EffectFault): boolean {
  if (step !== 'switch') return fault === 'timedOut';
  return fault !== 'dependencyFailed' && fault !== 'cancelled';
}

/**
 * The store does not respond and two active members are harmless: serve now, under the durable epoch. The next takeover gets
 * a new one.
 */
function switchUnderOldEpoch(context: StepContext, operation: Taking): void {
  cancel(context, [operation.plan.switch]);
  const route = routeTo(context, operation.to, context.service.epoch, context.at);
  const switched = sendRoute(context, { ...route, suspects: [] }, [operation.plan.raise]);
  context.service = {
    ...context.service,
    operation: {
      ...operation,
      plan: { ...operation.plan, acquire: null, promote: null, switch: switched },
    },
  };
}

/** Cancels effects that have not begun, except the fence: its target must not serve. */
export function cancelPlan(context: StepContext, { plan }: Taking): void {
  const { fence: _kept, ...rest } = plan;
  cancel(context, Object.values(rest));
}

/** Cancels effects that have not begun and chooses again: at once if other candidates are left, otherwise after a growing delay. */
export function retryPlan(
  context: StepContext,
  operation: Taking,
  exclude: string | null,
  served: boolean,
): void {
  cancelPlan(context, operation);
  const planned = isPlanned(operation);
  if (planned && !operation.committed) {
    abortOperation(context, operation);
    return;
  }
  const excluded = exclude === null ? operation.excluded : [...operation.excluded, exclude];
  const everybody = context.service.members.every((member) => excluded.includes(member.name));
  const { to, mayServe } = operation;
  if (served && to !== null) setNewest(context, to);
  const pauseMs = exclude !== null && !everybody ? 0 : retryPause(operation.attempts);
  context.service = {
    ...context.service,
    route: null,
    operation: {
      ...baseOf(operation),
      step: 'choosing',
      kind: planned ? 'failover' : operation.kind,
      mayServe: mayServe.includes(to) ? mayServe : [...mayServe, to],
      deadline: null,
      attempts: operation.attempts + 1,
      notBefore: context.at + pauseMs,
      excluded: everybody ? [] : excluded,
    },
  };
}

/** Delay before the next attempt; doubles with each one up to a limit. */
export function retryPause(attempts: number): number {
  return backoff(attempts + 1, RETRY_BASE_MS, RETRY_MAX_MS);
}

/** Aborts a planned takeover that has not stopped the old active member yet: it keeps serving. */
export function abortOperation(context: StepContext, operation: Operation): void {
  note(context, { code: 'aborted', step: operation.step });
  const failbackNotBefore = context.at + RETRY_MAX_MS;
  context.service = { ...context.service, operation: null, route: null, failbackNotBefore };
  settleIncident(context, 'aborted');
}
