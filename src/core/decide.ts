import { confirmSent } from './detect.ts';
import { considerFailback } from './failback.ts';
import { chooseCandidate, considerFailover, nobodyServes } from './failover.ts';
import { finishYielding } from './leadership.ts';
import { tendLease } from './lease.ts';
import { mayTend, tendMembers } from './members.ts';
import { considerObserving } from './probation.ts';
import { considerRehearsal } from './rehearsal.ts';
import { tendRoute } from './route.ts';
import { activeHere, type Phase } from './state.ts';
import { advanceMove, considerDegraded } from './switchover.ts';
import {
  isPending,
  issue,
  localMembers,
  memberOf,
  refuse,
  settleRefusals,
  updateMember,
  type StepContext,
} from './step-context.ts';

// Decides about a service as a whole: issues effects that bring it closer to its desired state. First it checks whether an
// operation must begin, by importance: has the active member failed, does a new one pass its probation, is the active
// member degraded, can the preferred one return. Then it advances the current operation and maintains everything else.

export function decide(context: StepContext): void {
  forgetFallback(context);
  confirmDoubts(context);
  finishYielding(context);
  considerFailover(context);
  considerObserving(context);
  considerDegraded(context);
  considerFailback(context);
  chooseCandidate(context);
  advanceMove(context);
  considerRehearsal(context);
  if (mayTend(context.service)) tendMembers(context);
  tendLease(context);
  tendRoute(context);
  reportUnfitness(context);
  settleRefusals(context);
  context.service = { ...context.service, phase: phaseOf(context), decidedAt: context.at };
}

/** The data plane used a fallback although the active member proved healthy; the next route returns to it. */
function forgetFallback(context: StepContext): void {
  const { usedFallback, operation } = context.service;
  const active = activeHere(context.service);
  if (usedFallback === null || active === null || operation !== null) return;
  const { health, since } = memberOf(context, active).detector;
  if (health === 'healthy' && since > usedFallback.at)
    context.service = { ...context.service, usedFallback: null, route: null };
}

/** Confirms a suspicion with a probe on another channel at once, not after an interval. */
function confirmDoubts(context: StepContext): void {
  for (const { name, detector } of localMembers(context)) {
    if (
      detector.confirm === null ||
      !detector.confirm.wanted ||
      isPending(context, name, ['probeMember'])
    )
      continue;
    const timeoutMs = Math.max(
      1,
      Math.min(context.config.detection.timeoutMs, detector.confirm.deadline - context.at),
    );
    issue(
      context,
      { type: 'probeMember', member: name, channel: 'direct', timeoutMs },
      { withinMs: timeoutMs + PROBE_SLACK_MS },
    );
    updateMember(context, name, { detector: confirmSent(detector, context.at) });
  }
}

const PROBE_SLACK_MS = 200;

/** Reports once that a degraded observer blocks a failover. */
function reportUnfitness(context: StepContext): void {
  const active = activeHere(context.service);
  if (active === null) return;
  const { health, reason } = memberOf(context, active).detector;
  if (health !== 'unknown') return;
  if (reason === 'observerUnfit')
    refuse(context, { code: 'observerUnfit', score: context.observer.score });
  if (reason === 'allTargetsLate') {
    refuse(context, {
      code: 'allTargetsLate',
      targets: context.service.members.filter((member) => member.detector.watched).length,
    });
  }
}

function phaseOf(context: StepContext): Phase {
  const { operation, leadership, observing } = context.service;
  if (operation?.kind === 'start') return 'starting';
  if (operation?.step === 'yielding') return 'standingBy';
  if (nobodyServes(context)) return 'down';
  if (operation !== null) return operation.kind === 'failover' ? 'failingOver' : 'switchingOver';
  if (leadership.who === 'nobody') return 'starting';
  if (leadership.who === 'elsewhere') return 'standingBy';
  if (memberOf(context, leadership.member).detector.health === 'suspect') return 'suspect';
  return observing === null ? 'steady' : 'observing';
}
