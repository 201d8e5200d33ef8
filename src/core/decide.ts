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
import { advanceMove, considerGray } from './switchover.ts';
import {
  isPending,
  issue,
  localMembers,
  memberOf,
  refuse,
  settleRefusals,
  updateMember,
  type Turn,
} from './step-context.ts';

// Looks at a service as a whole and orders what brings it closer to what it should be. First whether
// anything must begin, in the order of weight: is the active dead, does a new one carry the load, is the
// active serving badly, may the preferred one come back. Then what is under way goes on, and everything
// else is kept as it should be.

export function decide(turn: Turn): void {
  forgetFallback(turn);
  confirmDoubts(turn);
  finishYielding(turn);
  considerFailover(turn);
  considerObserving(turn);
  considerGray(turn);
  considerFailback(turn);
  chooseCandidate(turn);
  advanceMove(turn);
  considerRehearsal(turn);
  if (mayTend(turn.service)) tendMembers(turn);
  tendLease(turn);
  tendRoute(turn);
  reportUnfitness(turn);
  settleRefusals(turn);
  turn.service = { ...turn.service, phase: phaseOf(turn), decidedAt: turn.at };
}

/** The data plane left an active that then proved well; the route told next leads back to it. */
function forgetFallback(turn: Turn): void {
  const { fellBack, operation } = turn.service;
  const active = activeHere(turn.service);
  if (fellBack === null || active === null || operation !== null) return;
  const { health, since } = memberOf(turn, active).detector;
  if (health === 'healthy' && since > fellBack.at)
    turn.service = { ...turn.service, fellBack: null, route: null };
}

/** A suspicion is followed by a probe on another channel at once, not an interval later. */
function confirmDoubts(turn: Turn): void {
  for (const { name, detector } of localMembers(turn)) {
    if (
      detector.confirm === null ||
      !detector.confirm.wanted ||
      isPending(turn, name, ['probeMember'])
    )
      continue;
    const timeoutMs = Math.max(
      1,
      Math.min(turn.config.detection.timeoutMs, detector.confirm.deadline - turn.at),
    );
    issue(
      turn,
      { type: 'probeMember', member: name, channel: 'direct', timeoutMs },
      { withinMs: timeoutMs + PROBE_SLACK_MS },
    );
    updateMember(turn, name, { detector: confirmSent(detector, turn.at) });
  }
}

const PROBE_SLACK_MS = 200;

/** No failover because the observer, not the observed, is in doubt: said once, as it explains why nothing happens. */
function reportUnfitness(turn: Turn): void {
  const active = activeHere(turn.service);
  if (active === null) return;
  const { health, reason } = memberOf(turn, active).detector;
  if (health !== 'unknown') return;
  if (reason === 'observerUnfit')
    refuse(turn, { code: 'observerUnfit', score: turn.observer.score });
  if (reason === 'allTargetsLate') {
    refuse(turn, {
      code: 'allTargetsLate',
      targets: turn.service.members.filter((member) => member.detector.watched).length,
    });
  }
}

function phaseOf(turn: Turn): Phase {
  const { operation, leadership, observing } = turn.service;
  if (operation?.kind === 'start') return 'starting';
  if (operation?.step === 'yielding') return 'standingBy';
  if (nobodyServes(turn)) return 'down';
  if (operation !== null) return operation.kind === 'failover' ? 'failingOver' : 'switchingOver';
  if (leadership.who === 'nobody') return 'starting';
  if (leadership.who === 'elsewhere') return 'standingBy';
  if (memberOf(turn, leadership.member).detector.health === 'suspect') return 'suspect';
  return observing === null ? 'steady' : 'observing';
}
