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

// Looks at a service as a whole and orders what brings it closer to what it should be. First whether
// anything must begin, in the order of weight: is the active dead, does a new one carry the load, is the
// active serving badly, may the preferred one come back. Then what is under way goes on, and everything
// else is kept as it should be.

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

/** The data plane left an active that then proved well; the route told next leads back to it. */
function forgetFallback(context: StepContext): void {
  const { usedFallback, operation } = context.service;
  const active = activeHere(context.service);
  if (usedFallback === null || active === null || operation !== null) return;
  const { health, since } = memberOf(context, active).detector;
  if (health === 'healthy' && since > usedFallback.at)
    context.service = { ...context.service, usedFallback: null, route: null };
}

/** A suspicion is followed by a probe on another channel at once, not an interval later. */
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

/** No failover because the observer, not the observed, is in doubt: said once, as it explains why nothing happens. */
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
