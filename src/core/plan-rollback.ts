import { unreachable } from './assert.ts';
import { note, cancel, type StepContext } from './step-context.ts';
import { setNewest } from './newest-copy.ts';
import { settleIncident } from './incident.ts';
import { backoff } from './exact-pow.ts';
import type { EffectFault } from './reasons.ts';
import { routeTo, sendRoute } from './route.ts';
import { isPlanned, type Operation, type Taking } from './state.ts';
import { baseOf, type PlanStep } from './takeover.ts';

// What becomes of a takeover plan whose step failed. It is taken back as far as it has not begun, and the operation
// chooses again; a planned move that has not taken the old active away yet is simply given up. Where two actives do no
// harm and only the store is away, it goes on.

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
 * Whether clients may have reached the plan's target. The switch comes last: it never ran if a step before it failed, or
 * if it says itself that it did not begin. An order without an outcome may have been carried out, and all after it.
 */
function mayHaveServed(step: PlanStep, fault: EffectFault): boolean {
  if (step !== 'switch') return fault === 'timedOut';
  return fault !== 'dependencyFailed' && fault !== 'cancelled';
}

/**
 * The store does not answer and two actives do no harm: serve now, under the epoch that is durable. The
 * next takeover gets a new one.
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

/** Takes back what has not begun, but for the fence: what it was ordered for must not serve. */
export function cancelPlan(context: StepContext, { plan }: Taking): void {
  const { fence: _kept, ...rest } = plan;
  cancel(context, Object.values(rest));
}

/** Takes back what has not begun and lets the operation choose again: at once if others are left, else after a growing pause. */
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

/** Pause before the next attempt; doubles with each one up to a limit. */
export function retryPause(attempts: number): number {
  return backoff(attempts + 1, RETRY_BASE_MS, RETRY_MAX_MS);
}

/** Gives up a planned move that has not taken the old active away yet: it simply goes on serving. */
export function abortOperation(context: StepContext, operation: Operation): void {
  note(context, { code: 'aborted', step: operation.step });
  const failbackNotBefore = context.at + RETRY_MAX_MS;
  context.service = { ...context.service, operation: null, route: null, failbackNotBefore };
  settleIncident(context, 'aborted');
}
