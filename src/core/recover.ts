import { idleDetector, memberExited } from './detect.ts';
import type { Effect } from './effect.ts';
import type { FoundMember } from './event.ts';
import { recordIncident } from './incident.ts';
import { awaitReady, beginWatch } from './members.ts';
import { startObserver } from './local-health.ts';
import { isBelieved } from './apply-observation.ts';
import { noteAnswer } from './newest-copy.ts';
import { registerFailure } from './rejoin.ts';
import { activeHere, type AgentState, type MemberState } from './state.ts';
import { retryPlan } from './plan-rollback.ts';
import type { Instant } from './time.ts';
import { localMembers, memberOf, note, updateMember, type StepContext } from './step-context.ts';

// A new agent recovers from the journal of one that exited. The recovered state is what the old agent knew when it last
// wrote; its pending effects may or may not have run, and no result will be reported. So nothing is assumed about effects:
// members run if their processes were found, the lease is what the store contains, a plan in progress is abandoned and
// chosen again, and members that were to be fenced and are not provably gone are fenced. Healthy members stay untouched:
// clients are not affected.

/** Resets what concerns the old agent only: its local health and a pending poll. */
export function recoverAgent(state: AgentState, at: Instant): AgentState {
  return { ...state, observer: startObserver(at), polling: null };
}

/** Updates the service's state with what was found. `decide` continues from there. */
export function recoverService(context: StepContext, found: readonly FoundMember[]): void {
  const { pending } = context.service;
  context.service = {
    ...context.service,
    pending: [],
    route: null,
    routeNotBefore: context.at,
    trafficUp: true,
  };
  note(context, { code: 'resumed' });
  for (const { name } of localMembers(context)) {
    if (context.config.mode === 'observe') {
      watchAnew(context, memberOf(context, name));
      continue;
    }
    const here = found.find(({ member }) => member === name) ?? null;
    if (here === null) missing(context, memberOf(context, name));
    else present(context, memberOf(context, name), here, pending);
  }
  const { operation } = context.service;
  if (operation?.step === 'taking') {
    retryPlan(context, operation, null, true);
    const { operation: retried } = context.service;
    // The plan did not fail: no delay is needed.
    if (retried?.step === 'choosing')
      context.service = { ...context.service, operation: { ...retried, notBefore: context.at } };
  }
  if (pending.some((effect) => effect.type === 'recordIncident')) recordIncident(context);
}

/** A member that others run: probe it as before. */
function watchAnew(context: StepContext, { name, lifecycle, incarnation }: MemberState): void {
  if (lifecycle === 'running') beginWatch(context, name, incarnation + 1, 'healthy');
}

/** The main process is gone. A start that the end of the old agent interrupted does not count as a failure. */
function missing(context: StepContext, member: MemberState): void {
  const { name, lifecycle, pid } = member;
  if (lifecycle === 'absent') return;
  const served = lifecycle !== 'starting' && lifecycle !== 'stopping';
  if (served && member.detector.health !== 'failed')
    registerFailure(context, name, null, 'vanished');
  if (served && isBelieved(member)) noteAnswer(context, name);
  const { incarnation } = member;
  const died = { at: context.at, service: context.config.name, member: name, incarnation };
  updateMember(context, name, {
    lifecycle: 'absent',
    pid: null,
    readySince: null,
    rehearsingSince: null,
    fenced: false,
    detector: served
      ? memberExited(
          { ...member.detector, watched: false, confirm: null },
          {
            ...died,
            exitCode: null,
            signal: null,
            how: 'vanished',
            pid: pid ?? 0,
          },
        )
      : idleDetector(context.at, 'notStarted'),
  });
}

function present(
  context: StepContext,
  member: MemberState,
  found: FoundMember,
  pending: readonly Effect[],
): void {
  const { name, lifecycle } = member;
  const { pid, incarnation } = found;
  if (isDoomed(member, pending)) {
    // It runs, so it may have served clients while no agent was running.
    noteAnswer(context, name);
    // It was marked failed, or being stopped: fence it in any case.
    updateMember(context, name, { lifecycle: 'absent', pid: null, readySince: null });
    return;
  }
  const followsEpoch = name === activeHere(context.service) ? null : member.followsEpoch;
  updateMember(context, name, { pid, incarnation, fenced: false, followsEpoch });
  if (lifecycle === 'starting') {
    awaitReady(context, name, []);
  } else if (found.frozen) {
    updateMember(context, name, {
      lifecycle: 'frozen',
      detector: idleDetector(context.at, 'frozen'),
    });
  } else {
    updateMember(context, name, { lifecycle: 'running' });
    beginWatch(context, name, incarnation, 'healthy');
  }
}

/** A start without a completed rejoin must end as well: its data is unknown. */
function isDoomed({ name, lifecycle, detector }: MemberState, pending: readonly Effect[]): boolean {
  const ending = pending.some(
    (effect) =>
      (effect.type === 'fenceMember' ||
        effect.type === 'stopMember' ||
        effect.type === 'demoteMember' ||
        effect.type === 'promoteMember' ||
        effect.type === 'rejoinMember') &&
      effect.member === name,
  );
  return (
    ending || lifecycle === 'absent' || lifecycle === 'stopping' || detector.health === 'failed'
  );
}
